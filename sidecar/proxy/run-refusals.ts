import { join } from 'node:path'
import type { AnswerNote, CapLevelName } from '../../contract/call.ts'
import type { SpentCap } from '../../contract/exchange.ts'
import { EXIT_RUN_REFUSED } from '../../contract/exit-codes.ts'
import { REFUSALS, type Refusal, type RefusalEntry } from '../../contract/refusals.ts'
import type { SidecarEffects } from './effects.ts'

/** Two vendors have two caps of one level. */
interface SpentCapOf extends SpentCap {
  /** Of the call that found no room. */
  readonly vendor: string | null
}

/** One answer of the ledger. */
export interface Learnt {
  /** Of the call that it answers; null for an exchange. */
  readonly vendor: string | null
  readonly refused: Refusal | undefined
  readonly note: AnswerNote | undefined
  /** An answer to the same request may have been lost, and what that passed is not said again. */
  readonly isAfterLost: boolean
}

interface Memory {
  /** Caps found spent, and passed by no later new call. */
  readonly spent: readonly SpentCapOf[]
  /** A refusal that holds for the whole run. */
  readonly ended: { readonly code: string; readonly message: string } | null
}

const NOTHING: Memory = { spent: [], ended: null }

/** What makes another Pod of the run pointless, kept over restarts: the exit code tells the Job, the message tells people. */
export class RunRefusals {
  readonly #effects: SidecarEffects
  readonly #path: string
  readonly #terminationLog: string
  #memory: Memory

  private constructor(effects: SidecarEffects, paths: { file: string; terminationLog: string }, memory: Memory) {
    this.#effects = effects
    this.#path = paths.file
    this.#terminationLog = paths.terminationLog
    this.#memory = memory
  }

  static async open(
    effects: SidecarEffects,
    { stateDir, terminationLog }: { stateDir: string; terminationLog: string },
  ): Promise<RunRefusals> {
    const file = join(stateDir, 'run-refusals.json')
    return new RunRefusals(effects, { file, terminationLog }, parseMemory(await effects.files.read(file)))
  }

  /** 93 while the run is known to be refused, else 0. */
  get exitCode(): number {
    return this.#memory.spent.length > 0 || this.#memory.ended !== null ? EXIT_RUN_REFUSED : 0
  }

  /** Whether an answer of the ledger says something new about the run: hardly any does. */
  learnsFrom({ refused, note, isAfterLost }: Learnt): boolean {
    return refused !== undefined || (this.exitCode !== 0 && (note?.passed !== undefined || isAfterLost))
  }

  /** Learns from one answer of the ledger. */
  async learn({ vendor, refused, note, isAfterLost }: Learnt): Promise<void> {
    const entry: RefusalEntry | undefined = refused === undefined ? undefined : REFUSALS[refused.code]
    if (refused?.code === 'cap_exhausted')
      await this.#remember(withSpent(this.#memory, { ...spentCap(refused, note?.capLevel), vendor }))
    else if (refused !== undefined && entry?.endsRun) {
      if (this.#memory.ended?.code === refused.code) return
      await this.#remember({ ...this.#memory, ended: { code: refused.code, message: refused.message } })
    } else if (note?.passed !== undefined && this.exitCode !== 0) {
      // A new call was admitted: whatever refused the run has been undone.
      await this.#remember({ spent: without(this.#memory.spent, liftedBy(note.passed), vendor), ended: null })
    } else if (isAfterLost && this.#memory.spent.length > 0) {
      // It may have passed any: of a cap that is still spent another call is told, of one that is not the Job would end.
      const levels = this.#memory.spent.map(({ level }) => level)
      await this.#remember({ ...this.#memory, spent: without(this.#memory.spent, levels, vendor) })
    }
  }

  /** Writes the memory volume's file and the termination message. A fault costs the memory, never the answer. */
  async #remember(memory: Memory): Promise<void> {
    this.#memory = memory
    const { files, log } = this.#effects
    try {
      await files.replace(this.#path, JSON.stringify(memory), 0o600)
      await files.overwrite(this.#terminationLog, terminationMessage(memory))
    } catch (fault) {
      log.warn({ err: fault }, 'why the run is refused could not be written')
    }
  }
}

const OF_ONE_VENDOR: readonly CapLevelName[] = ['policy_vendor_day', 'policy_class_day']

/** What counts against the run counts against these too: one that was not passed has no limit any more. */
const COUNTED_WITH_THE_RUN: readonly CapLevelName[] = ['run_day', 'policy_namespace_day', 'policy_day']

function liftedBy(passed: readonly CapLevelName[]): readonly CapLevelName[] {
  return passed.includes('run') ? [...passed, ...COUNTED_WITH_THE_RUN] : passed
}

function withSpent(memory: Memory, cap: SpentCapOf): Memory {
  return { ...memory, spent: [...without(memory.spent, [cap.level], cap.vendor), cap] }
}

/** Less the caps of these levels that a call to `vendor` counts against. */
function without(
  spent: readonly SpentCapOf[],
  levels: readonly CapLevelName[],
  vendor: string | null,
): readonly SpentCapOf[] {
  return spent.filter(
    (cap) => !levels.includes(cap.level) || (OF_ONE_VENDOR.includes(cap.level) && cap.vendor !== vendor),
  )
}

function spentCap({ details }: Refusal, level: CapLevelName | undefined): SpentCap {
  const text = (name: string) => String(details?.[name] ?? '')
  return {
    level: level ?? (text('level') as CapLevelName),
    limitUsd: text('limit_usd'),
    spentUsd: text('spent_usd'),
    reservedUsd: text('reserved_usd'),
  }
}

/** One JSON object; empty when nothing is wrong any more. */
function terminationMessage({ spent, ended }: Memory): string {
  const cap = spent.at(-1)
  if (ended !== null) return JSON.stringify({ reason: ended.code, message: ended.message })
  if (cap === undefined) return ''
  const { vendor: _, ...figures } = cap
  const { level, limitUsd, spentUsd, reservedUsd } = figures
  const message = `The ${level} cap of $${limitUsd} had no room for a call: $${spentUsd} is spent and $${reservedUsd} is reserved.`
  return JSON.stringify({ reason: 'cap_exhausted', ...figures, message })
}

function parseMemory(text: string | undefined): Memory {
  try {
    return text === undefined ? NOTHING : (JSON.parse(text) as Memory)
  } catch {
    return NOTHING
  }
}
