import type { Scenario } from './scenario.ts'

/** Rule 3, and what a repeat of a call for tokens is. */
export const PARALLEL: readonly Scenario[] = [
  {
    rule: 'claimed_ord_keeps_n',
    story: 'a late copy of the newest request is that request, though its answer was read meanwhile',
    breaks: 'double',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works → settled
      a reads x
      a reports → recorded
      a asks D 1.1 as late → REPLAY n=1
      late works
      end D=1`,
  },
  {
    rule: 'left_out_ord_is_stale',
    story: 'a request that lay in the network while its app gave it up and asked again is no further call',
    breaks: 'double',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.2 as y → SEND n=1
      y works → settled
      a reads y
      a reports → recorded
      a asks D 1.1 as late → REFUSED stale_request
      late works
      end D=1`,
  },
  {
    rule: 'left_out_ord_is_stale',
    story: 'a copy of a request that was not sent does not buy what its repeat has bought, though that answer was lost',
    breaks: 'double',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unsent → released
      a asks D 1.2 as y → SEND n=1
      y executes
      y unknown → settled
      a asks D 1.1 as late → REFUSED stale_request
      late works
      end D=1`,
  },
  {
    rule: 'claims_that_are_listed',
    story: 'of two identical calls at once the second does not take the number of the first',
    breaks: 'swallowed',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      a asks D 1.2 as y open=1.1 → SEND n=2
      x works
      y works
      a reads x
      a reads y
      end D=2`,
  },
  {
    rule: 'claims_that_list',
    story: 'the first of two identical calls, overtaken by the second, does not take its number',
    breaks: 'swallowed',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.2 as y open=1.1 → SEND n=1
      a asks D 1.1 as x → SEND n=2
      y works
      x works
      a reads y
      a reads x
      end D=2`,
  },
  {
    rule: 'claims_leave_doubtful',
    story: 'an answer that the app may have read, which the sidecar died before it noted, is not given for a new call',
    breaks: 'swallowed',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works → settled
      a reads x unnoticed
      a asks D 2.1 as y delivering=1 → SEND n=2
      y works
      a reads y
      end D=2`,
  },
  {
    rule: 'unkept_answer_bought_anew',
    story: 'an answer that was lost is paid for, and the repeat is bought anew',
    breaks: 'dead end',
    setting: { vendor: 'tokens' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x executes
      x unknown → settled
      a asks D 1.2 as y →! SEND n=1
      y works → settled
      a reads y
      end D=2 spent=2`,
  },
]
