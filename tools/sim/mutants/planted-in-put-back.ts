import type { PlantedText } from './mutant.ts'

const focus = 'put back'
const file = 'store/recovery/recovery.ts'

/** Bugs in how data are known that were put back under a Redis that runs on. */
export const PLANTED_IN_PUT_BACK: readonly PlantedText[] = [
  {
    name: 'serve on data that were put back',
    focus,
    file,
    from: 'wasPutBack: own.wasPutBack || this.#hasMetAnother',
    to: 'wasPutBack: false',
  },
  {
    name: 'know data that were put back by their mark only',
    focus,
    file,
    from: 'wasPutBack: own.wasPutBack || this.#hasMetAnother',
    to: 'wasPutBack: own.wasPutBack',
  },
]
