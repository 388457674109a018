import { stringify } from 'yaml'
import { type InjectPlan, type Plan, REASONS } from '../../webhook/plan.ts'
import type { Explanation } from './explanation.ts'
import { type DiffLine, diffLines, hunks } from './line-diff.ts'

const CONTEXT_LINES = 3
const SGR = { bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const
const MARKS: Readonly<Record<DiffLine['kind'], readonly [mark: string, colour: keyof typeof SGR | null]>> = {
  same: [' ', null],
  added: ['+', 'green'],
  removed: ['-', 'red'],
}

type Paint = (colour: keyof typeof SGR, text: string) => string

/** For people: per Job the verdict, the reasons, the warnings, and what would change. */
export function renderText(explanations: readonly Explanation[], isColoured: boolean): string {
  const paint: Paint = (colour, text) => (isColoured ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text)
  return explanations.map((explanation) => renderOne(explanation, paint)).join('\n')
}

function renderOne(explanation: Explanation, paint: Paint): string {
  const { workload, isNamespaceAssumed, planned } = explanation
  const title = paint('bold', `${workload.kind} ${workload.namespace}/${workload.name}`)
  const lines = [`${title}: ${verdict(planned, paint)}`]
  if (isNamespaceAssumed) {
    lines.push(`  namespace ${workload.namespace} is not in the file; taken as labelled jobcap.dev/inject=enabled`)
  }
  for (const { code, sentence } of planned.warnings) lines.push(`  ${paint('yellow', `warning [${code}]`)} ${sentence}`)
  switch (planned.kind) {
    case 'inject':
      lines.push(...renderChanges(planned, paint))
      break
    case 'skip':
    case 'refuse':
      lines.push(`  ${planned.sentence}`, `  way out: ${REASONS[planned.code].wayOut}`)
      break
  }
  return `${lines.join('\n')}\n`
}

function verdict(planned: Plan, paint: Paint): string {
  switch (planned.kind) {
    case 'inject':
      return planned.patch.length === 0
        ? paint('green', `injected already (policy ${planned.policy})`)
        : paint('green', `would be injected (policy ${planned.policy})`)
    case 'skip':
      return `${paint('yellow', 'would be left as it is')} [${planned.code}]`
    case 'refuse':
      return `${paint('red', 'would be refused')} [${planned.code}]`
  }
}

function renderChanges({ changes, before, job }: InjectPlan, paint: Paint): string[] {
  const reasons = changes.flatMap(({ code, path, sentence }) => [`  ${path} [${code}]`, `    ${sentence}`])
  const asText = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
  const found = hunks(diffLines(asText(before), asText(job)), CONTEXT_LINES)
  return [...reasons, ...found.flatMap((hunk) => [paint('cyan', '  @@'), ...hunk.map((line) => diffLine(line, paint))])]
}

function diffLine({ kind, text }: DiffLine, paint: Paint): string {
  const [mark, colour] = MARKS[kind]
  return colour === null ? `  ${mark} ${text}` : paint(colour, `  ${mark} ${text}`)
}
