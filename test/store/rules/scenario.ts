import type { RuleName } from '../../../store/rules/rulebook.ts'
import type { Setting } from './setting.ts'
import type { BreachKind } from './truth.ts'

/**
 * A story that ends well under all rules and badly without one of them. Steps, one a line:
 *
 *     pod a [index= job= continues= cap= purpose= walk=]      a Pod exchanges its token (again: its container was restarted)
 *     a asks D 1.1 as x [token= key= core= usd= open=]  the app of Pod a asks for content D; 1.1 is boot.seq of its sidecar
 *     x marks | executes | settles | works              the owner of the send; `works` is all three
 *     x unsent | unknown | declined | fails             what else becomes of a send; fails: a 500 that the vendor keeps
 *     x found m1,m2                                     a look-up for x came upon these objects
 *     person clears x                                   a person found no effect of it at the vendor
 *     a reads x [unnoticed]                             the app took the answer of x; unnoticed: the sidecar died first
 *     a reports                                         POST /seen
 *     reaper takes x as r                               M8
 *     store saved · store rolled back                   the last steps are lost, and the journal is merged
 *     leases run out · hours 25 · raise 2 · revoke · job job-1 ends · prune
 *     end D=1 [spent=5]                                 so many calls of D were meant, so many dollars spent
 *
 * `D'` and `D''` are one intended call with a timestamp in its body. `→` is what a step must come to under all rules;
 * `→!` also with the rule left out, as a promise to the app that it can go on.
 */
export interface Scenario {
  readonly rule: RuleName
  readonly story: string
  readonly setting?: Setting
  /** What breaks without the rule. */
  readonly breaks: BreachKind
  readonly steps: string
}
