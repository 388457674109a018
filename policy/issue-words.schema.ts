import type { z } from 'zod'

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number without quotes',
  int: 'a whole number without quotes',
  boolean: '`true` or `false`, without quotes',
}

/** What was wanted, in the words of YAML; undefined where zod's own may stand. */
export function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return kindWords(KINDS[issue.expected])
  if (issue.code === 'invalid_value') return oneOf(issue.values)
  if (issue.code === 'too_small') return `${sizeWords(issue.origin, 'at least')} ${issue.minimum}`
  if (issue.code === 'too_big') return `${sizeWords(issue.origin, 'at most')} ${issue.maximum}`
  return undefined
}

function kindWords(kind: string | undefined): string | undefined {
  return kind === undefined ? undefined : `${kind} belongs here`
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => `\`${String(value)}\``)
  const last = names.pop() ?? ''
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`
}

function sizeWords(origin: string, limit: string): string {
  if (origin === 'array') return `entries of the list: ${limit}`
  return origin === 'string' ? `letters of the text: ${limit}` : limit
}
