import type { PlantedText } from './mutant.ts'

const focus = 'gate'
const file = 'store/recovery/durability-gate.ts'

/** Bugs in what stands before a Redis that does not keep what it acknowledges. */
export const PLANTED_IN_GATE: readonly PlantedText[] = [
  {
    name: 'let all pass whatever the gate has found',
    focus,
    file,
    from: 'if (problem !== undefined) return P',
    to: 'if (problem === null) return P',
  },
  {
    name: 'leave the gate open when the connection breaks',
    focus,
    file,
    from: "        this.#problem = 'the connection to Redis was lost; whether it keeps what it acknowledges is looked at again'\n",
    to: '',
  },
  {
    name: 'believe a look that a break has overtaken',
    focus,
    file,
    from: 'if (breaks === this.#breaks && !this.#isEnding)',
    to: 'if (!this.#isEnding)',
  },
  {
    name: 'hold up what has left already behind the gate',
    focus,
    file,
    from: "new Set(['report', 'closeRead', 'renewLeases'])",
    to: "new Set(['closeRead'])",
  },
  { name: 'never look at the settings again', focus, file, from: '() => void this.#look())\n', to: '() => {})\n' },
]
