import type { Scenario } from './scenario.ts'

/** M5: what a look-up may settle. */
export const LOOK_UPS: readonly Scenario[] = [
  {
    rule: 'found_unbound',
    story: 'a look-up does not take the effect of another call for the one looked for',
    breaks: 'swallowed',
    setting: { vendor: 'once' },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x marks → marked
      x executes
      x settles object=m1 → settled
      a reads x
      a asks D 1.2 as y → SEND n=2
      y marks → marked
      y unknown → in_doubt
      y found m1 → noted
      a reads y
      a asks D 1.3 as z → IN_DOUBT n=2
      y executes
      y found m1,m2 → settled
      a reads y
      end D=2 spent=2`,
  },
]
