import type { Scenario } from './scenario.ts'

/** Rules 6 and M3, M6, M7: what an answer settles, and when a call goes out again. */
export const MONEY: readonly Scenario[] = [
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
  {
    rule: 'given_back_stays',
    story: 'a payment whose answer is known only after its cancellation is counted no more',
    breaks: 'books off',
    steps: `
      pod a
      a asks create 1.1 as x usd=5 → SEND n=1
      x executes
      a asks cancel 1.2 as y usd=0 → SEND n=1
      y executes usd=-5
      y settles total=0 back=pi_1 → settled
      a reads y
      x settles object=pi_1 → settled
      end create=1 spent=0`,
  },
]
