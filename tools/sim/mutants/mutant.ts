import type { RuleName } from '../../../store/rules/rulebook.ts'
import type { Focus } from '../plan/focus.ts'

/** A planted bug: a rule that is left out, or pieces of source files that read otherwise. */
export type Mutant = Hunting &
  (
    | { readonly name: string; readonly kind: 'rule'; readonly rule: RuleName }
    | { readonly name: string; readonly kind: 'text'; readonly edits: readonly Edit[] }
  )

export interface Hunting {
  /** Only seeds of this focus are tried: the bug shows at what few other seeds come to. Absent: all are. */
  readonly focus?: Focus
}

export interface Edit {
  /** From the root of the tree. */
  readonly file: string
  /** Must stand there exactly once. */
  readonly from: string
  readonly to: string
}

export interface PlantedText extends Edit, Hunting {
  readonly name: string
  /** Where the bug shows only when what stands behind it is taken away as well. */
  readonly also?: readonly Edit[]
}
