import { createHash } from 'node:crypto'
import { asCallId, type CallId, type Digest, type RunUid } from '../../contract/ids.ts'
import { remembered } from '../../contract/remembered.ts'
import type { Random } from '../../runtime/random.ts'

/** Layout of what is in Redis. A ledger refuses a store of another one. */
export const SCHEMA_VERSION = '2'

/**
 * Names of keys. Every key of a policy carries the hash tag `{policy}`, so that all of them sit in one slot and one
 * script may touch them together. `run` is a hash with all of one run: key, accounts, calls, numbering.
 */
export interface PolicyKeys {
  /** History, install, held day and the like. */
  readonly meta: string
  /** Sums of the policy's own caps, account and day → spent and reserved. Written by the scripts whose header names it. */
  readonly accounts: string
  /** The record: a stream that only grows. */
  readonly audit: string
  /** Unresolved calls by order of creation. */
  readonly open: string
  /** Runs and keys by the moment they were opened. */
  readonly runs: string
  /** Runs and keys whose records are still there, by the moment they ended or expire. */
  readonly ends: string
  /** Jobs that ended before they were in any run, by the moment. */
  readonly ended: string
  /** keyId, hash of a key, Job UID, namespace and Job name → run. */
  readonly found: string
  /** Objects of calls that must not be sent again, by the moment they were settled: a look-up leaves them out. */
  readonly objects: string
}

const PREFIX = 'jobcap'
/** What is the install's and not one policy's. */
export const INSTALL_KEY = `${PREFIX}:install`
/** Replicas of the ledger: who serves under which history. */
export const REPLICAS_KEY = `${PREFIX}:replicas`
/** Names of the policies that have a slot here. */
export const POLICIES_KEY = `${PREFIX}:policies`
/**
 * The policy that a Job's run is in: claimed once, so that two exchanges cannot open two runs of one Job. Empty: the Job
 * ended before any exchange.
 */
export const jobKey = (jobUid: string): string => `${PREFIX}:job:${jobUid}`

/** A `}` would end the hash tag early. Policy names cannot hold one, but a name is also whatever a caller says. */
export function tagOf(policyName: string): string {
  return /^[\w.-]+$/.test(policyName) ? policyName : `~${hash(policyName, 32)}`
}

/** Every step asks for them. */
export const policyKeys = remembered((policyName): PolicyKeys => {
  const of = (what: string) => `${PREFIX}:{${tagOf(policyName)}}:${what}`
  return {
    meta: of('meta'),
    accounts: of('accounts'),
    audit: of('audit'),
    open: of('open'),
    runs: of('runs'),
    ends: of('ends'),
    ended: of('ended'),
    found: of('found'),
    objects: of('objects'),
  }
})

const runKeyHead = remembered((policyName) => `${PREFIX}:{${tagOf(policyName)}}:run:`)

export function runKey(policyName: string, runTag: string): string {
  return `${runKeyHead(policyName)}${runTag}`
}

const POLICY_MARK = 6
const RUN_TAG = 16

/** Runs that make calls at one time. */
const MOST_RUNS = 5_000

export const runTagOf = remembered((runUid) => hash(runUid, RUN_TAG), MOST_RUNS)
export const policyMarkOf = remembered((policyName) => hash(policyName, POLICY_MARK))

/** `call_`, 6 hex of the policy, 16 of the run, 14 by chance: the id alone says where its record is. */
export function newCallId(policyName: string, runUid: RunUid, random: Random): CallId {
  return asCallId(`${callMarkOf({ policyName, runTag: runTagOf(runUid) })}${random.hex(7)}`)
}

/** What the ids of all calls of a run begin with. */
export const callMarkOf = ({ policyName, runTag }: { readonly policyName: string; readonly runTag: string }): string =>
  `call_${policyMarkOf(policyName)}${runTag}`

/** Where the record of a call must be; undefined when the text is no id of this layout. */
export function placeOf(callId: CallId): { readonly policyMark: string; readonly runTag: string } | undefined {
  const [, policyMark, runTag] = /^call_([0-9a-f]{6})([0-9a-f]{16})[0-9a-f]{14}$/.exec(callId) ?? []
  return policyMark === undefined || runTag === undefined ? undefined : { policyMark, runTag }
}

/** Contents are told apart within one run by 128 bits, as in the vendor's idempotency key. */
export const shortDigest = (digest: Digest): string => digest.slice(0, 32)

/** Within the hash of a run its UID need not be said again. */
export const shortScope = (scope: string, runUid: RunUid): string => scope.slice(runUid.length)

function hash(text: string, hexDigits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hexDigits)
}
