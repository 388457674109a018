import { usd } from '../stage.ts'

/** The words of a step that follow its verb. */
export type Options = Readonly<Record<string, string | undefined>>

/** `as x`, `key=v` and single words, by name. */
export function optionsOf(words: readonly string[]): Options {
  const options: Record<string, string> = {}
  for (const [at, word] of words.entries()) {
    const [name = '', value] = word.split('=')
    if (value !== undefined) options[name] = value
    else if (name === 'as' || name === 'without') options[name] = words[at + 1] ?? ''
  }
  return options
}

/** `1.2` → boot 1, sequence 2 */
export function ordOf(text: string): readonly [number, number] {
  const [boot = 1, seq = 1] = text.split('.').map(Number)
  return [boot, seq]
}

export function dollars(amount: number | undefined) {
  return amount === undefined ? null : usd(amount)
}
