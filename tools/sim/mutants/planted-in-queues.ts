import type { PlantedText } from './mutant.ts'

const focus = 'queue'

/** Bugs in what is said of Pods without an index. */
export const PLANTED_IN_QUEUES: readonly PlantedText[] = [
  {
    name: 'one scope for all Pods of a queue',
    focus,
    file: 'store/rules/caller.ts',
    from: '`${runUid}/pod-${pod.podUid}` :',
    to: '`${runUid}/queue` :',
  },
  {
    name: "take a queue's Pods for those of index 0",
    focus,
    file: 'ledger/identity/exchange.ts',
    from: '  const { index } = facts.pod\n',
    to: '  const index = facts.pod.index ?? 0\n',
  },
  {
    name: 'an index in the record of a queue',
    focus,
    file: 'store/rules/caller.ts',
    from: '    index: pod?.index ?? null,\n',
    to: '    index: pod?.index ?? 0,\n',
  },
  {
    name: "tell a queue's Pod whose place the store has lost that it is followed",
    focus,
    file: 'store/rules/newest-attempt.ts',
    from: "refusal(isLost ? 'credential_expired' : 'stale_attempt')",
    to: "refusal('stale_attempt')",
  },
  {
    name: "put a queue's Pod into the app's key",
    focus,
    file: 'store/rules/vendor-key.ts',
    from: "  if (identity.key?.kind === 'named') return identity.key.value\n  const { pod } = caller\n",
    to: "  const { pod } = caller\n  if (identity.key?.kind === 'named') return `${identity.key.value}${pod?.index === null ? pod.podUid : ''}`\n",
  },
  {
    name: 'give a work queue new Pods when one of them has found nothing more to do',
    focus,
    file: 'local/controller/decide.ts',
    from: 'return counts.succeeded > 0 ? counts.active : limits.parallelism',
    to: 'return limits.parallelism',
  },
]
