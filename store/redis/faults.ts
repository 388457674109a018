import { StoreFault } from '../store.ts'

interface Known {
  readonly pattern: RegExp
  /** What it is and what to do. */
  readonly says: string
  /** Whether asking again in a moment may do. */
  readonly isTransient: boolean
  /** Whether the step may have been done although no answer came. */
  readonly mayHaveHappened?: boolean
  /** Redis takes nothing that makes it larger; other steps still pass. */
  readonly isOfRoom?: boolean
  /** Of a connection that is not let in: it says more than that there is none. */
  readonly isOfConnecting?: boolean
}

const KNOWN: readonly Known[] = [
  {
    pattern: /OOM command not allowed/,
    says: 'its memory is full (maxmemory), so nothing new is reserved; what is reserved still settles. Give it more memory, or prune ended runs',
    isTransient: false,
    isOfRoom: true,
  },
  {
    pattern: /WRONGPASS|NOAUTH|invalid username-password|without any password configured/,
    says: 'it refuses our password: set JOBCAP_LEDGER_REDIS_PASSWORD or --redis-password-file',
    isTransient: false,
    isOfConnecting: true,
  },
  {
    pattern: /unable to (verify the first|get (local )?issuer) certificate|self.signed certificate/,
    says: 'its certificate is of an authority that is not trusted here: give that authority’s file as --redis-ca',
    isTransient: false,
    isOfConnecting: true,
  },
  {
    pattern: /does not match certificate's altnames/,
    says: 'its certificate is for another host: name Redis in --store as its certificate does',
    isTransient: false,
    isOfConnecting: true,
  },
  {
    pattern: /NOPERM/,
    says: 'its user may not do what the ledger does: give it the rights that docs/redis-recovery.md lists',
    isTransient: false,
  },
  {
    pattern: /READONLY|can't write against a read only replica/i,
    says: 'it is a replica, or was made one: name the master, or its sentinels, and wait until they name the new one',
    isTransient: true,
  },
  { pattern: /LOADING/, says: 'it is still loading its data', isTransient: true },
  {
    pattern:
      /MASTERDOWN|CLUSTERDOWN|TRYAGAIN|None of startup nodes|Failed to refresh slots|All sentinels are unreachable/,
    says: 'its cluster has no master for the data',
    isTransient: true,
  },
  { pattern: /MISCONF/, says: 'it cannot write its data to disk: look at its own log', isTransient: false },
  { pattern: /NOREPLICAS/, says: 'it has fewer replicas than min-replicas-to-write', isTransient: true },
  { pattern: /BUSY|UNKILLABLE/, says: 'another script keeps it busy', isTransient: true },
  { pattern: /SCRIPT KILL/, says: 'the script of the step was killed before it wrote anything', isTransient: true },
  {
    pattern: /Command timed out/,
    says: 'it did not answer in time; the step may have been done or not',
    isTransient: true,
    mayHaveHappened: true,
  },
  {
    pattern: /Connection is closed|Connection in Redis/,
    says: 'the connection broke; the step may have been done or not',
    isTransient: true,
    mayHaveHappened: true,
  },
  {
    pattern:
      /isn't writeable|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|max retries per request|Cluster isn't ready/,
    says: 'it cannot be reached',
    isTransient: true,
    mayHaveHappened: true,
  },
]

/** Whether the fault is over only once Redis takes something that makes it larger. */
export function isOfRoom({ cause }: StoreFault): boolean {
  return KNOWN.some(({ pattern, isOfRoom: isSo }) => isSo === true && pattern.test(messageOf(cause)))
}

/** What Redis or the way to it said, as a fault of the store with its meaning. `connecting`: what the last try to connect came to. */
export function faultOf(fault: unknown, name: string, connecting?: unknown): StoreFault {
  if (fault instanceof StoreFault) return fault
  const message = messageOf(fault)
  const known = KNOWN.find(({ pattern }) => pattern.test(message))
  if (known === undefined) return new StoreFault(`the store failed: ${name}: ${message}`, { cause: fault })
  const { isTransient, mayHaveHappened = false } = known
  const refused = KNOWN.find(
    ({ pattern, isOfConnecting }) => isOfConnecting === true && pattern.test(messageOf(connecting)),
  )
  const { says } = mayHaveHappened && refused !== undefined ? refused : known
  return new StoreFault(`${name}: ${says}`, { cause: fault, isTransient, mayHaveHappened })
}

function messageOf(fault: unknown): string {
  if (fault instanceof AggregateError) return fault.errors.map(messageOf).join('; ')
  if (!(fault instanceof Error)) return String(fault)
  const last = (fault as { lastNodeError?: unknown }).lastNodeError
  return last === undefined ? fault.message : `${fault.message} (${messageOf(last)})`
}
