import type { Command, Options } from '../command.ts'

/** First words of all commands, once each. */
export function firstWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))]
}

/** First words that are followed by second words, with these. */
export function groups(commands: readonly Command[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), second])
  }
  return found
}

/** Options as they are typed. */
export function flags(options: Options): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`)
}

/** Options whose value is a file or a folder. */
export function takesPath({ value = '' }: { readonly value?: string | undefined }): boolean {
  return value === 'FILE' || value === 'DIR' || value === 'sqlite:PATH'
}
