import type { Scenario } from './scenario.ts'

/** Rules 6 and 10, M1 to M5 and M8: what becomes of a send and of its money. */
export const MONEY: readonly Scenario[] = [
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
    rule: 'repeat_within_window',
    story: 'a call in doubt is not sent again once the vendor may have forgotten its key',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x executes
      x unknown → in_doubt
      hours 25
      a asks D 1.2 as y → IN_DOUBT n=1
      y works
      end D=1`,
  },
  {
    rule: 'in_doubt_sent_once',
    story: 'a call in doubt is not sent again to a vendor without idempotency',
    breaks: 'double',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x marks → marked
      x executes
      leases run out
      a asks D 1.2 as y → IN_DOUBT n=1
      y works
      end D=1`,
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
    rule: 'settle_any_epoch',
    story: 'a definite answer counts, whoever brings it',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x executes
      x settles →! settled
      end D=1 spent=1`,
  },
  {
    rule: 'settle_current_gen',
    story: 'the old decline, brought again by a replaced owner, says nothing of the call made anew',
    breaks: 'effect uncounted',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x declined → settled
      pod b
      b asks D 1.1 as z → SEND n=1
      z executes
      y declined → noted
      z settles → settled
      end D=1 spent=1`,
  },
  {
    rule: 'gen_in_key',
    story: 'what is made anew goes out under a new key, since the vendor keeps its decline under the old one',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x declined → settled
      pod b
      b asks D 1.1 as y → SEND n=1
      y works
      end D=1`,
  },
  {
    rule: 'gen_after_saved_failure',
    story: 'a failure that the vendor keeps is left behind once a person found no effect',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x fails → in_doubt
      person clears x → released
      a asks D 1.2 as y → SEND n=1
      y works
      end D=1`,
  },
  {
    rule: 'gen_never_after_time_out',
    story: 'a request that was only late meets the key of its repeat, though a person had found nothing yet',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unknown → in_doubt
      person clears x → released
      a asks D 1.2 as y → SEND n=1
      y works
      x executes
      end D=1`,
  },
  {
    rule: 'decline_runs_again',
    story: 'a later attempt tries a declined call again',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x declined → settled
      a reads x
      pod b
      b asks D 1.1 as y →! SEND n=1
      y works
      end D=1`,
  },
  {
    rule: 'decline_stands',
    story: 'within its attempt a decline is answered from the record, and the vendor is not asked again',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x token=t → SEND n=1
      x declined → settled
      a asks D 1.2 as y token=t →! REPLAY n=1
      end D=0`,
  },
  {
    rule: 'decline_was_last',
    story: 'a decline that the app went on from is not run again: what it did next may have been instead',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x declined → settled
      a reads x
      a asks D 1.2 as again → SEND n=2
      pod b
      again executes
      again settles → settled
      b asks D 1.1 as y → REPLAY n=1
      y works
      end D=1`,
  },
  {
    rule: 'decline_nothing_in_flight',
    story: 'a decline is not run again while an earlier call of the index may still turn out to be the same',
    breaks: 'double',
    setting: { policy: { divergingReplay: 'warn' } },
    steps: `
      pod a
      a asks D' 1.1 as x core=C → SEND n=1
      a asks D'' 1.2 as y core=C diverged=yes → SEND n=1
      y declined → settled
      a reads y
      pod b
      b asks D'' 1.1 as z core=C diverged=yes → REPLAY n=1
      z works
      x executes
      x settles → settled
      end D=1`,
  },
  {
    rule: 'second_answer_alarms',
    story: 'a vendor that answers one call in two ways raises an alarm',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      a asks D 1.2 as y → SEND n=1
      x executes
      x settles object=ch_1 → settled
      y settles object=ch_2 →! settled with an alarm
      end D=1`,
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
  {
    rule: 'object_once',
    story: 'creating and confirming one payment spends its amount once',
    breaks: 'books off',
    steps: `
      pod a
      a asks create 1.1 as x usd=5 → SEND n=1
      x works object=pi_1 → settled
      a reads x
      a asks confirm 1.2 as y usd=5 object=pi_1 → SEND n=1
      y executes usd=0
      y settles object=pi_1 → settled
      a reads y
      end create=1 confirm=1 spent=5`,
  },
  {
    rule: 'give_back_once',
    story: 'a payment cancelled twice gives its money back once',
    breaks: 'books off',
    steps: `
      pod a
      a asks create 1.1 as x usd=5 → SEND n=1
      x works object=pi_1 → settled
      a reads x
      a asks cancel 1.2 as y usd=0 → SEND n=1
      y executes usd=-5
      y settles total=0 back=pi_1 → settled
      a reads y
      a asks cancel-again 1.3 as z usd=0 → SEND n=1
      z executes usd=0
      z settles total=0 back=pi_1 → settled
      end create=1 spent=0`,
  },
]
