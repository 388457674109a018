import type { RuleName } from '../../../store/rules/rulebook.ts'

/** A planted bug: a rule that is left out, or a piece of a source file that reads otherwise. */
export type Mutant =
  | { readonly name: string; readonly kind: 'rule'; readonly rule: RuleName }
  | (PlantedText & { readonly kind: 'text' })

export interface PlantedText {
  readonly name: string
  /** From the root of the tree. */
  readonly file: string
  /** Must stand there exactly once. */
  readonly from: string
  readonly to: string
}
