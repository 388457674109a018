import type { CapLevelName } from '../../contract/call.ts'
import type { CallId, Digest, JobUid, KeyId, Nonce, PodUid, RunUid } from '../../contract/ids.ts'
import { type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import { runAccount, runDayAccount } from '../rules/accounts.ts'
import { podOf, scopeOf } from '../rules/caller.ts'
import type {
  CallRow,
  DefiniteAnswer,
  KeyRow,
  Limits,
  NotSent,
  NumberRequest,
  RunJob,
  RunRow,
  RunTermsRow,
} from '../store.ts'

/** Fields of a run's hash that make up its key and, for a Job, its run. */
export const ROW_FIELDS = [
  'key_fixed',
  'label',
  'status',
  'key_created_ms',
  'expires_ms',
  'endpoints',
  'cap',
  'day_cap',
  'by_person',
  'persons',
  'is_run',
  'run_uid',
  'namespace',
  'policy',
  'mode',
  'completions',
  'jobs',
  'terms',
  'sidecar',
  'opened_ms',
  'final',
  'closed',
  'ended_ms',
  'retention',
  'key_id',
  'version',
] as const

type RowField = (typeof ROW_FIELDS)[number]
/** Values of `ROW_FIELDS`, empty where there is none. */
export type RowValues = Readonly<Record<RowField, string>>

/** Undefined where there is no such run. */
export function rowValues(values: readonly (string | null)[]): RowValues | undefined {
  const row = Object.fromEntries(ROW_FIELDS.map((field, at) => [field, values[at] ?? ''])) as RowValues
  return row.key_id === '' ? undefined : row
}

type FixedOfKey = Pick<KeyRow, 'keyId' | 'runUid' | 'hash' | 'vendor' | 'policyName'>

export function fixedOfKey({ keyId, runUid, hash, vendor, policyName }: FixedOfKey): string {
  return JSON.stringify({ keyId, runUid, hash, vendor, policyName } satisfies FixedOfKey)
}

export function keyRowOf(row: RowValues): KeyRow {
  return {
    ...(JSON.parse(row.key_fixed) as FixedOfKey),
    label: JSON.parse(row.label) as string | null,
    status: row.status as KeyRow['status'],
    createdAtMs: Number(row.key_created_ms),
    expiresAtMs: numberOrNull(row.expires_ms),
    allowedEndpoints: JSON.parse(row.endpoints) as string[] | null,
    capUsdMicros: numberOrNull(row.cap) as UsdMicros | null,
    dailyCapUsdMicros: numberOrNull(row.day_cap) as UsdMicros | null,
    limitsSetByPerson: row.by_person === '1',
    personsLimits: JSON.parse(row.persons) as (keyof Limits)[],
    endedAtMs: numberOrNull(row.ended_ms),
    retention: row.retention as KeyRow['retention'],
    // Keys of before versions were counted have none.
    version: Number(row.version),
  }
}

/** Undefined for a key without a Job. */
export function runRowOf(row: RowValues): RunRow | undefined {
  if (row.is_run !== '1') return undefined
  return {
    runUid: row.run_uid as RunUid,
    keyId: row.key_id as KeyId,
    namespace: JSON.parse(row.namespace) as string,
    policyName: row.policy,
    completionMode: row.mode as RunRow['completionMode'],
    completions: numberOrNull(row.completions),
    jobs: JSON.parse(row.jobs) as RunJob[],
    terms: JSON.parse(row.terms) as RunTermsRow,
    sidecar: JSON.parse(row.sidecar) as RunRow['sidecar'],
    openedAtMs: Number(row.opened_ms),
    isFinal: row.final === '1',
    isClosed: row.closed === '1',
  }
}

/** The fields of a call as they are in Redis; blobs stay as they are. */
export interface CallFields {
  readonly callId: string
  readonly packed: string
  readonly lines: string
  /** The sealed request of an unresolved call, else the sealed answer; empty: none. */
  readonly blob: Buffer
  readonly notSent: string
}

interface Actor {
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly jobUid: JobUid | null
  readonly podUid: PodUid | null
  readonly podName: string | null
  readonly index: number | null
  readonly namespace: string | null
}

interface Told {
  readonly vendor: string
  readonly route: string
  readonly digest: Digest
  readonly n: number | null
  readonly namedKey: string | null
  readonly vendorKey: string | null
}

/** What only a reader of the record wants. */
export type RestOfCall = Pick<CallRow, 'account' | 'core'>

const LEVELS: readonly CapLevelName[] = ['run', 'run_day', 'policy_day', 'policy_vendor_day', 'policy_namespace_day']
const CLASS_LEVELS: readonly CapLevelName[] = ['policy_class_day']
/** Stands where SQLite names its start: in Redis a lease is over by the clock alone. */
export const REDIS_BOOT = 'redis'

export function callRowOf({ callId, packed, lines, blob, notSent }: CallFields): CallRow {
  const [actorLine = '', toldLine = '', place = '', ...rest] = lines.split('\n')
  const { label: _, ...actor } = JSON.parse(actorLine) as Actor & { label: unknown }
  const { vendor, route, digest, n, namedKey, vendorKey } = JSON.parse(toldLine) as Told
  const { account, core } = JSON.parse(rest.join('\n')) as RestOfCall
  const [scope = '', , , walk = '', day = '', ...prefixes] = place.split('\t')
  const accounts = day === '' ? [] : accountsOf(actor.runUid, day, prefixes)
  const { isPutAside, ...changing } = unpack(packed)
  const isResolved = changing.state === 'settled' || changing.state === 'released'
  const isLeased = changing.state === 'reserved' || changing.state === 'sent'
  const bytes = blob.length === 0 ? null : blob
  return {
    callId: callId as CallId,
    ...actor,
    life: walk === '' ? null : Number(walk.slice(walk.lastIndexOf('/') + 1)),
    scope: `${actor.runUid}${scope}`,
    vendor,
    route,
    account,
    digest,
    core,
    ...changing,
    // One that was put aside has left its place.
    n: isPutAside ? null : n,
    namedKey: isPutAside ? null : namedKey,
    vendorKey,
    leaseBoot: isLeased ? REDIS_BOOT : '',
    accounts,
    levels: prefixes.length === 1 ? CLASS_LEVELS : LEVELS.slice(0, accounts.length),
    sealedRequest: isResolved ? null : bytes,
    sealedAnswer: changing.state === 'settled' ? bytes : null,
    notSent: notSent === '' ? null : notSentOf(notSent, bytes),
  }
}

/** What of a new call's row is nowhere in its request. */
export interface NewRow {
  readonly callId: CallId
  readonly createdAtMs: number
  readonly createdOrder: number
  readonly accounts: readonly string[]
  readonly vendorKey: string
}

/** The row of a Pod's call that was reserved just now, the first of its content: as `callRowOf` reads it from the record. */
export function newRowOf(request: NumberRequest, made: NewRow): CallRow {
  const { callId, createdAtMs, createdOrder, accounts, vendorKey } = made
  const { caller, identity, vendor, sealedRequest, price, repeat, send } = request
  const { jobUid, podUid, podName, index, namespace } = podOf(caller)
  const isMaybeSent = repeat.kind !== 'never'
  // Field by field: an object of that many is made at once then, and otherwise grown.
  return {
    callId,
    createdAtMs,
    createdOrder,
    accounts,
    vendorKey,
    keyId: caller.keyId,
    runUid: caller.runUid,
    jobUid,
    podUid,
    podName,
    index,
    namespace,
    life: caller.pod?.life ?? null,
    scope: scopeOf(caller),
    vendor,
    route: identity.route,
    account: identity.account,
    digest: identity.digest,
    core: identity.core,
    n: 1,
    namedKey: null,
    isRead: false,
    state: 'reserved',
    epoch: 1,
    gen: 0,
    open: isMaybeSent ? [send.nonce] : [],
    sends: isMaybeSent ? 1 : 0,
    leaseBoot: REDIS_BOOT,
    leaseUntilMs: createdAtMs + send.leaseMs,
    reservedUsdMicros: price.totalUsdMicros,
    spentUsdMicros: ZERO_USD,
    levels: LEVELS,
    object: null,
    repeat,
    firstSentAtMs: isMaybeSent ? createdAtMs : null,
    sealedRequest,
    sealedAnswer: null,
    answerStatus: null,
    isFailureSaved: false,
    hasEffect: false,
    notSent: null,
  }
}

/** The row of a call that was settled just now, which until then was `row`. */
export function settledRowOf(
  row: CallRow,
  { status, totalUsdMicros, object, sealedAnswer, hasEffect }: DefiniteAnswer,
): CallRow {
  return {
    ...row,
    state: 'settled',
    open: [],
    leaseBoot: '',
    leaseUntilMs: 0,
    reservedUsdMicros: ZERO_USD,
    spentUsdMicros: totalUsdMicros,
    object,
    sealedRequest: null,
    sealedAnswer,
    answerStatus: status,
    hasEffect,
  }
}

export function notSentOf(told: string, sealedAnswer: Buffer | null): NotSent {
  return { ...(JSON.parse(told) as Pick<NotSent, 'refusal' | 'reason'>), sealedAnswer }
}

function accountsOf(runUid: RunUid, day: string, prefixes: readonly string[]): readonly string[] {
  // The one account of a class with a cap of its own.
  const [only, more] = prefixes
  if (only !== undefined && more === undefined) return [`${only}${day}`]
  return [runAccount(runUid), runDayAccount(runUid, day), ...prefixes.map((prefix) => `${prefix}${day}`)]
}

/** Within the packed state of a call: the number of the event with its lines, and 1 for a read. */
const LINES_AT = 14
const READ_FLAG_AT = 16

export const isOfRead = (packed: string): boolean => packed.split(' ')[READ_FLAG_AT] === '1'
export const linesAt = (packed: string): string => packed.split(' ')[LINES_AT] ?? ''

/** As `writeCall` of the scripts packs it. */
function unpack(packed: string) {
  const words = packed.split(' ')
  const [state, epoch, gen, sends, lease, reserved, spent, first, window, status] = words
  const [saved, effect, created, order, , place, read, , open] = words.slice(10, 19)
  const named = words.slice(19).join(' ')
  return {
    state: state as CallRow['state'],
    epoch: Number(epoch),
    gen: Number(gen),
    sends: Number(sends),
    leaseUntilMs: Number(lease),
    reservedUsdMicros: Number(reserved) as UsdMicros,
    spentUsdMicros: Number(spent) as UsdMicros,
    firstSentAtMs: dashOrNumber(first),
    repeat: repeatOf(window),
    answerStatus: dashOrNumber(status),
    isFailureSaved: saved === '1',
    hasEffect: effect === '1',
    createdAtMs: Number(created),
    createdOrder: Number(order),
    isPutAside: place === '~',
    isRead: read === '1',
    open: (open === '-' ? [] : (open ?? '').split(',')) as Nonce[],
    object: named === '-' ? null : named.slice(1),
  }
}

function repeatOf(window: string | undefined): CallRow['repeat'] {
  if (window === 'never' || window === 'anew') return { kind: window }
  return { kind: 'idempotent', windowMs: Number(window) }
}

const numberOrNull = (text: string): number | null => (text === '' ? null : Number(text))
const dashOrNumber = (text: string | undefined): number | null => (text === '-' ? null : Number(text))
