// docs/reference/admission-reasons.md, from the catalogue of what admission does and why.
import type { Outcome, Reason } from '../../webhook/reasons.ts'
import { tableCell } from './table.ts'

const INTRO = `# Admission reasons

<!-- Generated from webhook/reasons.ts by \`make fix\`. -->

What admission does with a Job, and why. \`jobcap explain -f FILE\` prints the codes that apply to a manifest, and \`jobcap run\`
does the same rewrite. How admission goes: [journeys/admission.md](../journeys/admission.md).
`

const OUTCOMES: readonly (readonly [Outcome, string, string])[] = [
  ['refuse', 'Refused', 'The Job is not admitted. Something is unsafe or cannot work.'],
  ['skip', 'Left alone', 'The Job is admitted as it is, without jobcap.'],
  ['warn', 'Warned of', 'The Job is admitted; this is worth a look.'],
  ['change', 'Changed', 'What the rewrite did, each change by name.'],
]

/** The page. Every code has one row and an anchor of its own name. */
export function reasonsPage(reasons: Readonly<Record<string, Reason>>): string {
  const sections = OUTCOMES.map(([outcome, title, lead]) => {
    const rows = Object.entries(reasons).filter(([, reason]) => reason.outcome === outcome)
    return `\n## ${title}\n\n${lead}\n\n| code | why | what to change |\n|---|---|---|\n${rows.map(row).join('')}`
  })
  return INTRO + sections.join('')
}

function row([code, { summary, wayOut }]: [string, Reason]): string {
  return `| <a id="${code}"></a>\`${code}\` | ${tableCell(summary)} | ${tableCell(wayOut)} |\n`
}
