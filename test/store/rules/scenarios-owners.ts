import type { Scenario } from './scenario.ts'

/** Rules 6 and 10, M1, M2, M4 and M8: who may send a call, when its money comes back, and what becomes of it when its owner is gone. */
export const OWNERS: readonly Scenario[] = [
  {
    rule: 'join_live',
    story: 'a repeat waits for the call that is out',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x marks → marked
      x executes
      a asks D 1.2 as y →! JOIN
      x settles → settled
      a asks D 1.2 as y → REPLAY n=1
      a reads y
      end D=1`,
  },
  {
    rule: 'takeover_keeps_reservation',
    story: 'a takeover needs no room beside its own reservation',
    breaks: 'dead end',
    setting: { capUsd: 1 },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y →! SEND n=1
      y works
      a reads y
      end D=1 spent=1`,
  },
  {
    rule: 'takeover_newest_only',
    story: 'a replaced Pod does not take up again what its replacement has done in other words',
    breaks: 'double',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D' 1.1 as x → SEND n=1
      leases run out
      pod b
      b asks D'' 1.1 as y → SEND n=1
      y works
      b reads y
      a asks D' 1.2 as late → REFUSED stale_attempt
      late works
      end D=1`,
  },
  {
    rule: 'takeover_endpoint',
    story: 'what was forbidden meanwhile is not taken over',
    breaks: 'unwanted effect',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y endpoint=closed → REFUSED endpoint_not_allowed
      y works
      end D=0`,
  },
  {
    rule: 'takeover_new_epoch',
    story: 'an owner that wakes up after it was replaced marks nothing',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x marks → refused
      y marks →! marked
      y executes
      y settles → settled
      a reads y
      end D=1`,
  },
  {
    rule: 'mark_current_epoch',
    story: 'a replaced owner marks nothing',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x marks → refused
      y marks →! marked
      y executes
      y settles → settled
      end D=1`,
  },
  {
    rule: 'takeover_adds_send',
    story: 'the money comes back once both sends surely did not leave',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x unsent → noted
      y unsent →! released
      end D=0 spent=0`,
  },
  {
    rule: 'reserve_new_epoch',
    story: 'a release that is reported twice does not release what was reserved since',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unsent → released
      a asks D 1.2 as y → SEND n=1
      x unsent → noted
      y marks →! marked
      y executes
      y settles → settled
      end D=1 spent=1`,
  },
  {
    rule: 'reserve_opens_send',
    story: 'a reserved call of a vendor with idempotency counts as maybe sent',
    breaks: 'effect uncounted',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x executes
      leases run out
      a asks D 1.2 as y → SEND n=1
      y unsent → in_doubt
      end D=1`,
  },
  {
    rule: 'nonce_once',
    story: 'a report given twice closes one send, not two',
    breaks: 'effect uncounted',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      y unsent → in_doubt
      y unsent → noted
      x executes
      end D=1`,
  },
  {
    rule: 'release_only_when_closed',
    story: 'no money comes back while another send of the call is open',
    breaks: 'effect uncounted',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      y unsent → in_doubt
      x executes
      end D=1`,
  },
  {
    rule: 'release_only_current_epoch',
    story: 'a replaced owner does not release the reservation of the next',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x unsent → noted
      y marks →! marked
      y executes
      y settles → settled
      end D=1`,
  },
  {
    rule: 'mark_reserved_only',
    story: 'a send in doubt is not marked a second time',
    breaks: 'double',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x marks → marked
      x executes
      x unknown → in_doubt
      x marks → refused
      x executes
      end D=1`,
  },
  {
    rule: 'mark_key_active',
    story: 'nothing is marked after a revocation',
    breaks: 'sent after revocation',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      revoke → 1 in flight
      x marks → refused
      end D=0 spent=0`,
  },
  {
    rule: 'revoke_releases_unsent',
    story: 'a revocation gives back what surely never left',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      revoke →! 0 in flight
      end D=0 spent=0`,
  },
  {
    rule: 'revoked_not_repaired',
    story: 'nothing is sent again after a revocation',
    breaks: 'sent after revocation',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unknown → in_doubt
      revoke → 1 in flight
      reaper takes x as r → HELD in_doubt`,
  },
  {
    rule: 'reaper_releases_unsent',
    story: 'what surely never left is given back, though nobody asks for it again',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      reaper takes x as r →! RESOLVED released
      end D=0 spent=0`,
  },
  {
    rule: 'reaper_releases_unsent',
    story: 'what a replaced owner closed at last is given back, though it was in doubt',
    breaks: 'dead end',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x marks → marked
      leases run out
      reaper takes x as r → HELD in_doubt
      x unsent → noted
      reaper takes x as r →! RESOLVED released
      end D=0 spent=0`,
  },
]
