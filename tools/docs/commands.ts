// The commands that pages tell people to type.
import { codeBlocks, type Page } from './pages.ts'

/** What the checks need to know of a command of `jobcap`. */
export interface KnownCommand {
  readonly name: string
  readonly options: Readonly<Record<string, { readonly short?: string | undefined }>>
}

export interface Known {
  /** Of the Makefile. */
  readonly targets: readonly (string | undefined)[]
  readonly commands: readonly KnownCommand[]
}

/** Lines of shell blocks and `code` in the prose that begin with `make` or `jobcap`, without comments. */
export function shellCommands(page: Page): string[] {
  const blocks = codeBlocks(page).filter(({ language }) => language === 'sh')
  const lines = blocks.flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
  const prose = page.text.replaceAll(/^```.*?^```$/gms, '')
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
  return [...lines, ...spans]
    .map((line) =>
      line
        .replace(/\s#.*$/, '')
        .replace(/^([A-Z_]+=\S+ )+/, '')
        .trim(),
    )
    .filter((line) => /^(make|(\.\/bin\/)?jobcap)( |$)/.test(line))
}

/** What is not there, one sentence each. */
export function commandProblems(lines: readonly string[], known: Known): string[] {
  return lines.flatMap((line) => {
    const [program = '', ...words] = line.split(/\s+/)
    return (program === 'make' ? makeProblems(words, known) : jobcapProblems(words, known)).map(
      (problem) => `${line}: ${problem}`,
    )
  })
}

function makeProblems(words: readonly string[], { targets }: Known): string[] {
  const wanted = words.filter((word) => !/^[A-Z_]+=|'|\*/.test(word))
  return wanted.filter((word) => !targets.includes(word)).map((word) => `there is no target ${word}`)
}

function jobcapProblems(words: readonly string[], { commands }: Known): string[] {
  // `keys list|create|raise|revoke` stands for each of them.
  const plain = words.map((word) => word.split('|')[0] ?? word)
  if (plain.length === 0 || plain[0]?.startsWith('-')) return []
  const fits = ({ name }: KnownCommand) => name.split(' ').every((part, at) => plain[at] === part)
  const command = commands.filter(fits).toSorted((left, right) => right.name.length - left.name.length)[0]
  if (command === undefined) return ['there is no such command']
  return plain.filter((word) => /^--?[a-z]/.test(word)).flatMap((word) => optionProblem(word, command))
}

function optionProblem(word: string, { name, options }: KnownCommand): string[] {
  const option = word.replace(/^--?/, '').split('=')[0] ?? ''
  if (option === 'help' || Object.hasOwn(options, option)) return []
  if (!word.startsWith('--') && Object.values(options).some(({ short }) => short === option)) return []
  return [`jobcap ${name} has no option ${word}`]
}
