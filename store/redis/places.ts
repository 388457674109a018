import type { CallId, KeyId, RunUid } from '../../contract/ids.ts'
import type { Connection } from './connection.ts'
import { type Install, listPolicies, preparePolicy } from './install.ts'
import { placeOf, policyKeys, policyMarkOf, runKey, runTagOf } from './layout.ts'

/** In which policy's slot a run is, and the name of its hash. */
export interface Place {
  readonly policyName: string
  readonly runTag: string
  /** JSON of the label of the run, which never changes; left out where only its place was looked for. */
  readonly label?: string
}

/** What this process believes of Redis. */
interface Believed {
  readonly connection: Connection
  readonly install: Install
  /** Rejects where Redis has lost it. */
  mustHoldHistory(): Promise<void>
}

const MOST_KNOWN = 50_000

/**
 * Where things are. A run never changes its policy, so what was found once is kept; what is not known is looked for in
 * the slot of every policy.
 */
export class Places {
  readonly #believed: Believed
  readonly #connection: Connection
  readonly #runs = new Map<string, Place>()
  #policies: readonly string[] = []

  constructor(believed: Believed) {
    this.#believed = believed
    this.#connection = believed.connection
  }

  /** All policies that have ever had a run or a key. Rejects where that cannot be said any more. */
  async policies(): Promise<readonly string[]> {
    const policies = await listPolicies(this.#connection)
    if (this.#policies.some((policyName) => !policies.includes(policyName))) await this.#believed.mustHoldHistory()
    this.#policies = policies
    return policies
  }

  /** Before the first run or key of a policy. A Redis that has been emptied must not look like a new store by it. */
  async prepare(policyName: string): Promise<void> {
    if (this.#policies.includes(policyName)) return
    await this.#believed.mustHoldHistory()
    await preparePolicy(this.#connection, policyName, this.#believed.install)
    await this.#believed.mustHoldHistory()
    await this.policies()
  }

  forget(): void {
    this.#runs.clear()
    this.#policies = []
  }

  note(runUid: RunUid, place: Place): void {
    if (this.#runs.size >= MOST_KNOWN) this.#runs.clear()
    this.#runs.set(runUid, place)
  }

  /** Where the run is, if that was found before. */
  known(runUid: RunUid): Place | undefined {
    return this.#runs.get(runUid)
  }

  async ofRun(runUid: RunUid): Promise<Place | undefined> {
    const known = this.known(runUid)
    if (known !== undefined) return known
    const runTag = runTagOf(runUid)
    const found = await this.#firstWhere(async (policyName) => {
      const [uid = null, label = null] = await this.#connection.hmget(runKey(policyName, runTag), ['run_uid', 'label'])
      return uid === runUid ? { policyName, runTag, label: label ?? 'null' } : undefined
    })
    if (found !== undefined) this.note(runUid, found)
    return found
  }

  /** What `found` of any policy says under one of the names; the first name that is known anywhere wins. */
  async named(name: string): Promise<Place | undefined> {
    return this.#firstWhere(async (policyName) => {
      const [tag = null] = await this.#connection.hmget(policyKeys(policyName).found, [name])
      return tag === null ? undefined : { policyName, runTag: tag }
    })
  }

  /** The newest Job of that name, over all policies. */
  async newestNamed(name: string): Promise<Place | undefined> {
    const policies = await this.policies()
    const found = await Promise.all(
      policies.map(async (policyName) => {
        const [value = null] = await this.#connection.hmget(policyKeys(policyName).found, [name])
        const [runTag = '', atMs = '0'] = (value ?? '').split(' ')
        return { policyName, runTag, atMs: value === null ? -1 : Number(atMs) }
      }),
    )
    const newest = found.filter(({ atMs }) => atMs >= 0).sort((left, right) => right.atMs - left.atMs)[0]
    return newest === undefined ? undefined : { policyName: newest.policyName, runTag: newest.runTag }
  }

  ofKey(keyId: KeyId): Promise<Place | undefined> {
    return this.named(`k:${keyId}`)
  }

  /** From the id alone; where two policies have one mark, by looking. */
  async ofCall(callId: CallId): Promise<Place | undefined> {
    const place = placeOf(callId)
    if (place === undefined) return undefined
    const { policyMark, runTag } = place
    const isMarked = (policyName: string) => policyMarkOf(policyName) === policyMark
    let candidates = this.#policies.filter(isMarked)
    if (candidates.length === 0) candidates = (await this.policies()).filter(isMarked)
    if (candidates.length > 1) {
      const isThere = await Promise.all(
        candidates.map((policyName) => this.#connection.hmget(runKey(policyName, runTag), [`d:${callId}`])),
      )
      candidates = candidates.filter((_, at) => typeof isThere[at]?.[0] === 'string')
    }
    const [policyName] = candidates
    return policyName === undefined ? undefined : { policyName, runTag }
  }

  async #firstWhere(look: (policyName: string) => Promise<Place | undefined>): Promise<Place | undefined> {
    const early = await firstOf(this.#policies, look)
    if (early !== undefined) return early
    const known = this.#policies
    const all = await this.policies()
    const late = await firstOf(
      all.filter((policyName) => !known.includes(policyName)),
      look,
    )
    if (late === undefined) await this.#believed.mustHoldHistory()
    return late
  }
}

async function firstOf(
  policies: readonly string[],
  look: (policyName: string) => Promise<Place | undefined>,
): Promise<Place | undefined> {
  return (await Promise.all(policies.map(look))).find((place) => place !== undefined)
}
