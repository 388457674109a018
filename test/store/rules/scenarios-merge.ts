import type { Scenario } from './scenario.ts'

/** After the store has lost its last steps, and the journal was merged into it. */
export const MERGE: readonly Scenario[] = [
  {
    rule: 'frozen_level_waits',
    story: 'a reservation that came back with a loss does not go out beside the call that took its room',
    breaks: 'over the cap',
    setting: { capUsd: 1, isOnDisk: true },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      store saved
      x unsent → released
      a asks E 1.2 as y → SEND n=1
      y executes
      store rolled back
      leases run out
      a asks D 1.3 as z → REFUSED cap_frozen
      z executes
      end D=0 E=1`,
  },
  {
    rule: 'merge_into_existing',
    story: 'a send whose mark was lost is named again, so nobody sends it a second time',
    breaks: 'double',
    setting: { vendor: 'once', isOnDisk: true },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      store saved
      x marks → marked
      x executes
      store rolled back → 1 merged
      leases run out
      a asks D 1.2 as y → IN_DOUBT n=1
      y works
      x settles → settled
      end D=1 spent=1`,
  },
  {
    rule: 'merge_revocations',
    story: 'a revocation that was lost with the store holds all the same',
    breaks: 'sent after revocation',
    setting: { isOnDisk: true },
    steps: `
      pod a
      store saved
      revoke → 0 in flight
      store rolled back
      a asks D 1.1 as x → REFUSED key_revoked
      end D=0 spent=0`,
  },
  {
    rule: 'merge_limits',
    story: 'a raise that was lost with the store lets the run go on all the same',
    breaks: 'dead end',
    setting: { capUsd: 1, isOnDisk: true },
    steps: `
      pod a
      store saved
      raise 2
      store rolled back
      a asks D 1.1 as x usd=2 →! SEND n=1
      end D=0 spent=0`,
  },
  {
    rule: 'merge_ended_jobs',
    story: 'a Job whose end was lost with the store can be continued',
    breaks: 'dead end',
    setting: { isOnDisk: true },
    steps: `
      pod a
      store saved
      job job-1 ends
      store rolled back
      pod b job=job-2 continues=job-1 →! ADMITTED life=1`,
  },
  {
    rule: 'merge_leaves_pruned',
    story: 'a call whose record was kept as long as it had to be, and went, is not spent a second time',
    breaks: 'books off',
    setting: { isOnDisk: true },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works → settled
      a reads x
      job job-1 ends
      hours 100
      prune → pruned
      store saved
      store rolled back
      end D=1 spent=1`,
  },
]
