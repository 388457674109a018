// docs/errors.md, from the catalogue of refusals.
import type { Actor, RefusalEntry } from '../../contract/refusal-entry.ts'
import { tableCell } from './table.ts'

export type Catalogue = Readonly<Record<string, RefusalEntry>>

const INTRO = `# Refusals

<!-- Generated from contract/refusal-catalogue.ts by \`make fix\`. -->

**A refusal is not an outage.** jobcap looked at the call and said no, on purpose. Tell the two apart by the header:

| you see | it is |
|---|---|
| a header \`Jobcap-Refused: <code>\` | a refusal of ours: look up the code below |
| a status without that header | the vendor's own answer, handed on as it came |
| no answer at all (connection refused or reset) | the sidecar is not there: see [failure modes](failure-modes.md) |

The body is \`{"code", "message", "error": {"type", "code", "message"}}\` with what the SDKs of other vendors read beside it
(\`name\`, \`statusCode\`, \`type\`). Some codes carry more fields: \`cap_exhausted\` says \`level\`, \`limit_usd\`, \`spent_usd\`,
\`reserved_usd\`, \`asked_usd\` and \`resets_at\`.
With a refusal nothing was charged, except where the text says that a call may have taken effect or was paid for.

- **retry** is what \`x-should-retry\` and \`Stripe-Should-Retry\` say. SDKs that obey them ask again only at *yes*.
- **ends the run**: every further call of the run would be refused the same. Issuer and proxy exit 93, and the Job fails at
  once with that reason, without burning its retries. \`cap_exhausted\` does the same until a later new call passes that cap.
`

const ACTORS: readonly (readonly [Actor, string, string])[] = [
  ['caller', 'The caller must act', 'The app, or the manifest of its Job, has to change.'],
  ['operator', 'An operator must act', 'Whoever writes policies, sets limits and keeps the vendor secrets.'],
  ['vendor', 'The vendor', 'Something happened at the vendor, or on the way there.'],
  ['us', 'jobcap, or time', 'Asking again is right. If it stays, look at the ledger.'],
]

/** The page. Every code has one row and an anchor of its own name. */
export function errorsPage(catalogue: Catalogue): string {
  return INTRO + ACTORS.map(([actor, title, lead]) => section({ title, lead }, entriesOf(catalogue, actor))).join('')
}

function entriesOf(catalogue: Catalogue, actor: Actor): [string, RefusalEntry][] {
  return Object.entries(catalogue).filter(([, entry]) => entry.actor === actor)
}

function section({ title, lead }: { title: string; lead: string }, entries: readonly [string, RefusalEntry][]): string {
  const head = '| code | status | retry | what happened | the way out |\n|---|---|---|---|---|\n'
  return `\n## ${title}\n\n${lead}\n\n${head}${entries.map(row).join('')}`
}

function row([code, entry]: [string, RefusalEntry]): string {
  const retry = entry.isRetryable ? 'yes' : 'no'
  const summary = entry.endsRun ? `${entry.summary} **Ends the run.**` : entry.summary
  const cells = [`\`${code}\``, String(entry.status), retry, summary, entry.wayOut]
  return `| <a id="${code}"></a>${cells.map(tableCell).join(' | ')} |\n`
}
