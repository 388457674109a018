import type { AuditEvent } from '../../contract/audit.ts'
import type { CallId, KeyId, RunUid } from '../../contract/ids.ts'
import { addUsd, MAX_USD_MICROS, type UsdMicros, ZERO_USD } from '../../contract/money.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { AuditQuery, Balance, CallRow, KeyRow, RunRow, RunTotals } from '../store.ts'
import { callMarkOf, policyKeys, runKey } from './layout.ts'
import { LivingRuns } from './living-runs.ts'
import type { Place, Places } from './places.ts'
import { AUDIT_PAGE, RedisRecord } from './record.ts'
import { callRowOf, isOfRead, keyRowOf, linesAt, ROW_FIELDS, type RowValues, rowValues, runRowOf } from './rows.ts'
import { NOW } from './scripts/now.ts'
import type { Steps } from './steps.ts'

const NO_BALANCE: Balance = { spentUsdMicros: ZERO_USD, reservedUsdMicros: ZERO_USD }
/** Fields of one run's hash; a scan of so many holds Redis up for well under a millisecond. */
const SCANNED_AT_ONCE = 500

/** Questions that change nothing; each sees what was written before it was asked. */
export class RedisReads {
  readonly places: Places
  readonly #steps: Steps
  readonly #record: RedisRecord
  readonly #living: LivingRuns

  constructor(steps: Steps, places: Places) {
    this.#steps = steps
    this.#living = new LivingRuns(steps)
    this.#record = new RedisRecord(steps.connection)
    this.places = places
  }

  async keyAt(place: Place): Promise<KeyRow | undefined> {
    const row = await this.#row(place)
    return row === undefined ? undefined : keyRowOf(row)
  }

  async runAt(place: Place): Promise<RunRow | undefined> {
    const row = await this.#row(place)
    return row === undefined ? undefined : runRowOf(row)
  }

  async key(keyId: KeyId): Promise<KeyRow | undefined> {
    const place = await this.places.ofKey(keyId)
    return place === undefined ? undefined : this.keyAt(place)
  }

  async keyByHash(hash: string): Promise<KeyRow | undefined> {
    const place = await this.places.named(`h:${hash}`)
    return place === undefined ? undefined : this.keyAt(place)
  }

  async run(runUid: RunUid): Promise<RunRow | undefined> {
    const place = await this.places.ofRun(runUid)
    return place === undefined ? undefined : this.runAt(place)
  }

  async keys(label: string | undefined): Promise<readonly KeyRow[]> {
    const keys = (await this.#rows()).map(keyRowOf)
    return keys
      .filter((key) => label === undefined || key.label === label)
      .sort((left, right) => left.createdAtMs - right.createdAtMs || compare(left.keyId, right.keyId))
  }

  async runOfJob(namespace: string, job: string): Promise<RunRow | undefined> {
    const byUid = (await this.places.ofRun(job as RunUid)) ?? (await this.places.named(`j:${job}`))
    const run = byUid === undefined ? undefined : await this.runAt(byUid)
    if (run?.namespace === namespace) return run
    const byName = await this.places.newestNamed(`n:${namespace}/${job}`)
    return byName === undefined ? undefined : this.runAt(byName)
  }

  async countCalls(runUid: RunUid): Promise<RunTotals | undefined> {
    const place = await this.places.ofRun(runUid)
    if (place === undefined) return undefined
    const key = runKey(place.policyName, place.runTag)
    const fields = ['is_run', '#replays', '#cap_refused', '#settled', 'a']
    const [isRun = null, replays = null, refused = null, settled = null, sums = null] = await this.#hmget(key, fields)
    if (isRun === null) return undefined
    const [, , unresolved = ''] = sums?.split(' ') ?? []
    const counted = unresolved.startsWith('+')
      ? { calls: Number(settled), inDoubt: Number(unresolved) === 0 ? 0 : await this.#inDoubtOf(place) }
      : await this.#countEach(key)
    return { ...counted, replays: Number(replays), refusedByCap: Number(refused) }
  }

  async runs(filter: { readonly namespace?: string; readonly isLiving?: boolean }): Promise<readonly RunRow[]> {
    const { namespace, isLiving = false } = filter
    const rows = await (isLiving ? this.#rows((policyName) => this.#living.tagsOf(policyName)) : this.#rows())
    const runs = rows.map(runRowOf).filter((run) => run !== undefined)
    return runs
      .filter((run) => namespace === undefined || run.namespace === namespace)
      .filter((run) => !isLiving || run.jobs.some(({ isEnded }) => !isEnded))
      .sort((left, right) => left.openedAtMs - right.openedAtMs || compare(left.runUid, right.runUid))
  }

  async balance(account: string): Promise<Balance> {
    const [kind = '', name = '', day] = account.split('/')
    if (kind !== 'run') return this.#policyBalance(name, account)
    const place = await this.places.ofRun(name as RunUid)
    if (place === undefined) return NO_BALANCE
    const field = day === undefined ? 'a' : `a:${day}`
    const [packed = null] = await this.#hmget(runKey(place.policyName, place.runTag), [field])
    return balanceOf(packed)
  }

  async countedObject(runUid: RunUid, vendor: string, object: string): Promise<UsdMicros | undefined> {
    const place = await this.places.ofRun(runUid)
    if (place === undefined) return undefined
    const [shares = null] = await this.#hmget(runKey(place.policyName, place.runTag), [`j:${vendor}|${object}`])
    if (shares === null) return undefined
    const amounts = [...shares.matchAll(/ (\d+)\n/g)].map(([, amount]) => Number(amount) as UsdMicros)
    return amounts.reduce<UsdMicros>((sum, amount) => addUsd(sum, amount) ?? MAX_USD_MICROS, ZERO_USD)
  }

  async call(callId: CallId): Promise<CallRow | undefined> {
    const place = await this.places.ofCall(callId)
    return place === undefined ? undefined : this.#callAt(place, callId)
  }

  async unresolved({ limit, afterOrder = 0 }: { limit: number; afterOrder?: number }): Promise<readonly CallRow[]> {
    const found: CallRow[] = []
    for (const policyName of await this.places.policies()) {
      found.push(...(await this.#unresolvedOf(policyName, limit, afterOrder)))
    }
    return firstWithTwins(found, limit, ({ createdOrder }) => createdOrder)
  }

  /** Keys whose records may go: ended or expired that long ago, no Job of theirs lives, nothing is unresolved. */
  async prunable(keepMs: number): Promise<readonly KeyId[]> {
    const due: { readonly keyId: KeyId; readonly endMs: number }[] = []
    for (const policyName of await this.places.policies()) {
      const [, nowText] = await this.#steps.asked(NOW, { policyName, runTag: '' }, {})
      const ended = ['-inf', Number(nowText) - keepMs]
      const tags = (await this.#steps.connection.command(
        'ZRANGEBYSCORE',
        policyKeys(policyName).ends,
        ...ended,
      )) as string[]
      for (const runTag of tags) {
        const row = await this.#row({ policyName, runTag })
        const [sums = null] = await this.#hmget(runKey(policyName, runTag), ['a'])
        if (row === undefined || Number(sums?.split(' ')[2]) !== 0) continue
        if (runRowOf(row)?.jobs.some(({ isEnded }) => !isEnded) === true) continue
        due.push({ keyId: row.key_id as KeyId, endMs: Number(row.ended_ms === '' ? row.expires_ms : row.ended_ms) })
      }
    }
    return due.sort((left, right) => left.endMs - right.endMs).map(({ keyId }) => keyId)
  }

  async audit(query: AuditQuery): Promise<readonly AuditEvent[]> {
    const found: AuditEvent[] = []
    for (const policyName of await this.places.policies()) {
      let afterSeq = query.afterSeq
      let left = query.limit
      while (left > 0) {
        const page = await this.#record.events(policyName, afterSeq)
        const wanted = page.filter((event) => isAsked(event, query)).slice(0, left)
        found.push(...wanted)
        left -= wanted.length
        afterSeq = page.at(-1)?.seq ?? afterSeq
        if (page.length < AUDIT_PAGE) break
      }
    }
    return firstWithTwins(found, query.limit, ({ seq }) => seq)
  }

  /** What is unresolved is in a list of its own, which all runs of the policy share. A scan may give a member twice. */
  async #inDoubtOf(place: Place): Promise<number> {
    const key = runKey(place.policyName, place.runTag)
    const doubtful = new Set<string>()
    for await (const found of this.#scan('ZSCAN', policyKeys(place.policyName).open, `${callMarkOf(place)}*`)) {
      const fields = found.map(([callId]) => `d:${callId}`)
      const packed = fields.length === 0 ? [] : await this.#hmget(key, fields)
      for (const [at, field] of fields.entries()) if (packed[at]?.startsWith('in_doubt ')) doubtful.add(field)
    }
    return doubtful.size
  }

  /** For runs of before there was a count: 200,000 calls are thousands of scans. */
  async #countEach(key: string): Promise<Pick<RunTotals, 'calls' | 'inDoubt'>> {
    const states = [...(await this.#statesOfCalls(key)).values()]
    const inState = (state: string) => states.filter((packed) => packed === state).length
    return { calls: inState('settled'), inDoubt: inState('in_doubt') }
  }

  /** Of a run's calls that are no reads; a hash may give a field twice while it grows. */
  async #statesOfCalls(key: string): Promise<ReadonlyMap<string, string>> {
    const states = new Map<string, string>()
    for await (const found of this.#scan('HSCAN', key, 'd:*')) {
      for (const [field, packed] of found) {
        if (!isOfRead(packed)) states.set(field, packed.slice(0, packed.indexOf(' ')))
      }
    }
    return states
  }

  /** Pairs of a hash or a sorted set, some at a time, perhaps none. */
  async *#scan(command: 'HSCAN' | 'ZSCAN', key: string, pattern: string): AsyncGenerator<[string, string][]> {
    let cursor = '0'
    do {
      const asked = [key, cursor, 'MATCH', pattern, 'COUNT', SCANNED_AT_ONCE]
      const [next, found] = (await this.#steps.connection.command(command, ...asked)) as [string, string[]]
      yield found.flatMap((name, at) => (at % 2 === 0 ? [[name, found[at + 1] ?? ''] as [string, string]] : []))
      cursor = next
    } while (cursor !== '0')
  }

  async #unresolvedOf(policyName: string, limit: number, afterOrder: number): Promise<CallRow[]> {
    const { connection } = this.#steps
    const { open } = policyKeys(policyName)
    const [, nowText] = await this.#steps.asked(NOW, { policyName, runTag: '' }, {})
    const nowMs = Number(nowText)
    const found: CallRow[] = []
    for (let after = afterOrder; found.length < limit; ) {
      const ids = (await connection.command('ZRANGEBYSCORE', open, `(${after}`, '+inf', 'LIMIT', 0, limit)) as CallId[]
      const rows = (await fewAtOnce(ids, (callId) => this.call(callId))).filter((row) => row !== undefined)
      found.push(...rows.filter((row) => row.state === 'in_doubt' || row.leaseUntilMs <= nowMs))
      after = rows.at(-1)?.createdOrder ?? after
      if (ids.length < limit) break
    }
    return found.slice(0, limit)
  }

  async #callAt({ policyName, runTag }: Place, callId: CallId): Promise<CallRow | undefined> {
    const fields = ['d', 'b', 'x'].map((kind) => `${kind}:${callId}`)
    const [state, blob, notSent] = await this.#steps.connection.hmgetBytes(runKey(policyName, runTag), fields)
    if (!state) return undefined
    const packed = state.toString()
    return callRowOf({
      callId,
      packed,
      lines: await this.#record.lines(policyName, linesAt(packed)),
      blob: blob ?? Buffer.alloc(0),
      notSent: notSent?.toString() ?? '',
    })
  }

  async #policyBalance(policyName: string, account: string): Promise<Balance> {
    const [packed = null] = await this.#hmget(policyKeys(policyName).accounts, [account])
    return balanceOf(packed)
  }

  async #row({ policyName, runTag }: Place): Promise<RowValues | undefined> {
    return rowValues(await this.#hmget(runKey(policyName, runTag), ROW_FIELDS))
  }

  async #tags(policyName: string): Promise<readonly string[]> {
    return (await this.#steps.connection.command('ZRANGE', policyKeys(policyName).runs, 0, -1)) as string[]
  }

  async #rows(tagsOf = (policyName: string) => this.#tags(policyName)): Promise<RowValues[]> {
    const rows: RowValues[] = []
    for (const policyName of await this.places.policies()) {
      const tags = await tagsOf(policyName)
      const found = await fewAtOnce(tags, (runTag) => this.#row({ policyName, runTag }))
      rows.push(...found.filter((row) => row !== undefined))
    }
    return rows
  }

  #hmget(key: string, fields: readonly string[]): Promise<readonly (string | null)[]> {
    return this.#steps.connection.hmget(key, fields)
  }
}

/**
 * The first `limit` by number, and those of other policies that bear the last one's number: whoever goes on after that
 * number then misses none.
 */
function firstWithTwins<Row>(rows: readonly Row[], limit: number, numberOf: (row: Row) => number): readonly Row[] {
  const sorted = [...rows].sort((left, right) => numberOf(left) - numberOf(right))
  const last = sorted[limit - 1]
  return last === undefined ? sorted : sorted.filter((row) => numberOf(row) <= numberOf(last))
}

function balanceOf(packed: string | null): Balance {
  if (packed === null) return NO_BALANCE
  const [spent, reserved] = packed.split(' ')
  return { spentUsdMicros: Number(spent) as UsdMicros, reservedUsdMicros: Number(reserved) as UsdMicros }
}

function isAsked({ actor, atMs }: AuditEvent, query: AuditQuery): boolean {
  if (query.runUid !== undefined && actor.runUid !== query.runUid) return false
  if (query.keyId !== undefined && actor.keyId !== query.keyId) return false
  if (query.label !== undefined && actor.label !== query.label) return false
  if (query.index !== undefined && actor.index !== query.index) return false
  return atMs >= (query.fromMs ?? 0) && atMs < (query.toMs ?? Infinity)
}

const compare = (left: string, right: string) => (left < right ? -1 : Number(left > right))
