import type { AuditEvent } from '../../contract/audit.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { Connection } from './connection.ts'
import { policyKeys } from './layout.ts'

export const AUDIT_PAGE = 1_000

/** Name and value, by turns: `e` whole JSON; or `m` what is its own of a call's event, with `l` the call's lines or `o` whose. */
type Entry = readonly [id: string, words: readonly string[]]

/** The record of each policy, a stream. What stays of a call stands in the event that made it; its later events name that one. */
export class RedisRecord {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** What stays of a call. Throws where there is none: a record is never cut. */
  async lines(policyName: string, at: string): Promise<string> {
    const [entry] = await this.#entries(policyName, { from: `0-${at}`, to: `0-${at}`, count: 1 })
    if (entry?.[1][2] !== 'l') throw new Error(`policy ${policyName}: event ${at} does not hold a call`)
    return entry[1][3] ?? ''
  }

  /** The next page of events after a number. */
  async events(policyName: string, afterSeq: number): Promise<AuditEvent[]> {
    const entries = await this.#entries(policyName, { from: `(0-${afterSeq}`, to: '+', count: AUDIT_PAGE })
    const known = new Map<string, string>()
    for (const [id, [, , kind, lines = '']] of entries) if (kind === 'l') known.set(seqOf(id), lines)
    const missing = entries.flatMap(([, [, , kind, at = '']]) => (kind === 'o' && !known.has(at) ? [at] : []))
    await fewAtOnce([...new Set(missing)], async (at) => known.set(at, await this.lines(policyName, at)))
    return entries.map((entry) => eventOf(entry, known))
  }

  async #entries(
    policyName: string,
    { from, to, count }: { readonly from: string; readonly to: string; readonly count: number },
  ): Promise<readonly Entry[]> {
    const { audit } = policyKeys(policyName)
    return (await this.#connection.command('XRANGE', audit, from, to, 'COUNT', count)) as Entry[]
  }
}

const seqOf = (id: string): string => id.slice(id.indexOf('-') + 1)

function eventOf([id, [, told = '', kind, more = '']]: Entry, lines: ReadonlyMap<string, string>): AuditEvent {
  const seq = Number(seqOf(id))
  if (kind === undefined) return { seq, ...(JSON.parse(told) as object) } as AuditEvent
  const [actor = '', call = ''] = (kind === 'l' ? more : (lines.get(more) ?? '')).split('\n', 2)
  const { atMs, event, ...rest } = JSON.parse(`{${told}}`) as { atMs: number; event: string }
  return {
    seq,
    atMs,
    actor: JSON.parse(actor) as unknown,
    event,
    call: JSON.parse(call) as unknown,
    ...rest,
  } as AuditEvent
}
