import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MUTANTS } from './mutants.ts'

const run = promisify(execFile)

/** A planted bug that is not found within so many seeds shows what the simulation lacks. */
const MOST_SEEDS = 2_000

interface Hunted {
  readonly name: string
  readonly seeds: number
  readonly caught: { readonly seed: number; readonly breach: string } | null
}

/** Hunts every planted bug, each in a process of its own. Prints a line for each. */
export async function huntMutants(): Promise<{
  readonly mutants: number
  readonly found: number
  readonly seeds: number
}> {
  const waiting = [...MUTANTS]
  let found = 0
  let seeds = 0
  const worker = async () => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const hunted = await hunt(mutant.name)
      seeds += hunted.seeds
      if (hunted.caught !== null) found += 1
      console.log(told(hunted))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return { mutants: MUTANTS.length, found, seeds }
}

async function hunt(name: string): Promise<Hunted> {
  const program = join(import.meta.dirname, 'hunt.ts')
  const { stdout } = await run(process.execPath, [program, name, '1', String(MOST_SEEDS)])
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Hunted
}

function told({ name, seeds, caught }: Hunted): string {
  return caught === null ? `✗ ${name}: not found in ${seeds} seeds` : `✓ ${name}: seed ${caught.seed}, ${caught.breach}`
}
