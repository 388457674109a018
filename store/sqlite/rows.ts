import type { CallRow, KeyRow, NotSent } from '../store.ts'

/** A row as SQLite holds it. */
export type Columns = Record<string, string | number | Buffer | null>

type Form = 'plain' | 'json' | 'flag'

/** Column → field and form. Blobs, text and numbers are plain. */
const CALL_COLUMNS: Readonly<Record<string, readonly [keyof CallRow, Form]>> = {
  call_id: ['callId', 'plain'],
  run_uid: ['runUid', 'plain'],
  key_id: ['keyId', 'plain'],
  scope: ['scope', 'plain'],
  job_uid: ['jobUid', 'plain'],
  pod_uid: ['podUid', 'plain'],
  pod_name: ['podName', 'plain'],
  life: ['life', 'plain'],
  completion_index: ['index', 'plain'],
  namespace: ['namespace', 'plain'],
  vendor: ['vendor', 'plain'],
  route: ['route', 'plain'],
  account: ['account', 'plain'],
  digest: ['digest', 'plain'],
  core: ['core', 'plain'],
  n: ['n', 'plain'],
  named_key: ['namedKey', 'plain'],
  is_read: ['isRead', 'flag'],
  state: ['state', 'plain'],
  epoch: ['epoch', 'plain'],
  gen: ['gen', 'plain'],
  open: ['open', 'json'],
  sends: ['sends', 'plain'],
  lease_boot: ['leaseBoot', 'plain'],
  lease_until_ms: ['leaseUntilMs', 'plain'],
  reserved_usd_micros: ['reservedUsdMicros', 'plain'],
  spent_usd_micros: ['spentUsdMicros', 'plain'],
  accounts: ['accounts', 'json'],
  levels: ['levels', 'json'],
  object: ['object', 'plain'],
  repeat: ['repeat', 'json'],
  first_sent_at_ms: ['firstSentAtMs', 'plain'],
  vendor_key: ['vendorKey', 'plain'],
  sealed_request: ['sealedRequest', 'plain'],
  sealed_answer: ['sealedAnswer', 'plain'],
  answer_status: ['answerStatus', 'plain'],
  is_failure_saved: ['isFailureSaved', 'flag'],
  has_effect: ['hasEffect', 'flag'],
  created_at_ms: ['createdAtMs', 'plain'],
  created_order: ['createdOrder', 'plain'],
}

const KEY_COLUMNS: Readonly<Record<string, readonly [keyof KeyRow, Form]>> = {
  key_id: ['keyId', 'plain'],
  run_uid: ['runUid', 'plain'],
  hash: ['hash', 'plain'],
  label: ['label', 'plain'],
  vendor: ['vendor', 'plain'],
  policy_name: ['policyName', 'plain'],
  status: ['status', 'plain'],
  created_at_ms: ['createdAtMs', 'plain'],
  expires_at_ms: ['expiresAtMs', 'plain'],
  allowed_endpoints: ['allowedEndpoints', 'json'],
  cap_usd_micros: ['capUsdMicros', 'plain'],
  daily_cap_usd_micros: ['dailyCapUsdMicros', 'plain'],
  limits_set_by_person: ['limitsSetByPerson', 'flag'],
  persons_limits: ['personsLimits', 'json'],
  ended_at_ms: ['endedAtMs', 'plain'],
  retention: ['retention', 'plain'],
  version: ['version', 'plain'],
}

export const CALL_COLUMN_NAMES = [...Object.keys(CALL_COLUMNS), 'not_sent', 'not_sent_answer']
export const KEY_COLUMN_NAMES = Object.keys(KEY_COLUMNS)

/** `INSERT … ON CONFLICT DO UPDATE` of whole rows, by named parameters. */
export function upsert(table: string, id: string, columns: readonly string[]): string {
  const names = columns.join(', ')
  const values = columns.map((column) => `@${column}`).join(', ')
  const changes = columns.filter((column) => column !== id).map((column) => `${column} = excluded.${column}`)
  return `INSERT INTO ${table} (${names}) VALUES (${values}) ON CONFLICT (${id}) DO UPDATE SET ${changes.join(', ')}`
}

export function callColumns(row: CallRow): Columns {
  const { notSent } = row
  const told = notSent === null ? null : JSON.stringify({ refusal: notSent.refusal, reason: notSent.reason })
  return { ...toColumns(row, CALL_COLUMNS), not_sent: told, not_sent_answer: notSent?.sealedAnswer ?? null }
}

export function callRow(columns: Columns): CallRow {
  const fields = toFields(columns, CALL_COLUMNS)
  return { ...fields, notSent: notSentOf(columns) } as CallRow
}

export const keyColumns = (row: KeyRow): Columns => toColumns(row, KEY_COLUMNS)
export const keyRow = (columns: Columns): KeyRow => toFields(columns, KEY_COLUMNS) as unknown as KeyRow

function notSentOf(columns: Columns): NotSent | null {
  if (columns['not_sent'] === null || columns['not_sent'] === undefined) return null
  const told = JSON.parse(String(columns['not_sent'])) as Pick<NotSent, 'refusal' | 'reason'>
  return { ...told, sealedAnswer: columns['not_sent_answer'] as Buffer | null }
}

function toColumns<Row>(row: Row, columns: Readonly<Record<string, readonly [keyof Row, Form]>>): Columns {
  const out: Columns = {}
  for (const [column, [field, form]] of Object.entries(columns)) {
    const value = row[field] as unknown
    if (value === null) out[column] = null
    else if (form === 'json') out[column] = JSON.stringify(value)
    else if (form === 'flag') out[column] = value === true ? 1 : 0
    else out[column] = value as string | number | Buffer
  }
  return out
}

function toFields<Row>(
  columns: Columns,
  forms: Readonly<Record<string, readonly [keyof Row, Form]>>,
): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [column, [field, form]] of Object.entries(forms)) {
    const value = columns[column] ?? null
    if (value === null) out[String(field)] = null
    else if (form === 'json') out[String(field)] = JSON.parse(String(value))
    else if (form === 'flag') out[String(field)] = value === 1
    else out[String(field)] = value
  }
  return out
}
