import type { Command, Option } from './command.ts'

/** What `jobcap` alone prints. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  jobcap ${name.padEnd(width)}  ${summary}`)
  return `jobcap puts a dollar cap on what a Kubernetes Job may spend at outside vendors.\n\n${lines.join('\n')}\n\n${FOOT}`
}

const FOOT = `More: jobcap help COMMAND.
Exit codes: 0 yes, 1 no, 2 bad input, 69 no ledger or no port, 130 interrupted.
`

/** What `jobcap <command> --help` prints. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, option]) => [optionHead(name, option), option.help] as const,
  )
  const width = Math.max(...options.map(([head]) => head.length), 0)
  const optionLines = options.map(([head, help]) => `  ${head.padEnd(width)}  ${help}`)
  const exampleLines = command.examples.map(([line, does]) => `  ${line}\n      ${does}`)
  return [
    `jobcap ${command.name} ${command.usage}`.trimEnd(),
    '',
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    ...(optionLines.length > 0 ? ['', 'Options:', ...optionLines] : []),
    '',
    'Examples:',
    ...exampleLines,
    '',
  ].join('\n')
}

function optionHead(name: string, { short, value }: Option): string {
  const head = `${short === undefined ? '    ' : `-${short}, `}--${name}`
  return value === undefined ? head : `${head} ${value}`
}
