import { expect } from 'chai'
import type { AuditEvent } from '../../contract/audit.ts'
import type { RunView } from '../../contract/operators.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import type { TruthCall } from '../../fake-vendors/truth.ts'
import { LedgerRefused } from '../../ledger/client.ts'
import { type OwnerJob, PathPod, type PodOptions } from './pod.ts'
import type { World } from './world.ts'

/** What one run did and cost, as its accounts and its record tell. */
export interface Books {
  readonly spent: string
  readonly reserved: string
}

interface JobShape {
  readonly name: string
  readonly terms: Partial<TermsAsked>
  /** That it continues. */
  readonly run?: { readonly runUid: string; readonly lookupsBefore: number }
}

/** One Job as its controller sees it. */
export class PathJob implements OwnerJob {
  readonly name: string
  readonly uid: string
  readonly terms: Partial<TermsAsked>
  /** Of the first Job of the run. */
  readonly runUid: string
  readonly world: World
  readonly #lookupsBefore: number
  #pods = 0

  constructor(world: World, { name, terms, run }: JobShape) {
    this.world = world
    this.name = name
    this.uid = `uid-${name}`
    this.terms = terms
    this.runUid = run?.runUid ?? this.uid
    this.#lookupsBefore = run?.lookupsBefore ?? world.geocoder.truth('effect').length
  }

  /** Sidecar, then issuer. Throws when that is refused. */
  async startPod(options: PodOptions = {}): Promise<PathPod> {
    const pod = await this.newPod(options)
    await pod.startSidecar()
    const code = await pod.issue()
    if (code !== 0) throw new Error(`the issuer ended with ${code}: ${pod.terminationMessage()}`)
    return pod
  }

  /** A Pod with its folder and its token, and nothing started in it. */
  newPod(options: PodOptions = {}): Promise<PathPod> {
    this.#pods += 1
    return PathPod.make(this, `${this.name}-${options.index ?? 0}-${this.#pods}`, options)
  }

  /** What the Job controller does when a Pod is lost: its processes are gone, its token is worth nothing, another starts. */
  async replace(pod: PathPod, options: PodOptions = {}): Promise<PathPod> {
    await pod.lose()
    return this.startPod({ index: pod.index, ...options })
  }

  end(): Promise<RunView> {
    return this.world.ledger.client.endJob(this.runUid, this.uid)
  }

  /** A Job that continues the run of this one. */
  continuedBy(terms: Partial<TermsAsked> = {}): PathJob {
    const run = { runUid: this.runUid, lookupsBefore: this.#lookupsBefore }
    return new PathJob(this.world, { name: `${this.name}-on`, terms: { ...terms, continues: this.name }, run })
  }

  view(): Promise<RunView> {
    return this.world.ledger.client.findRun(this.runUid)
  }

  async books(): Promise<Books> {
    const { key } = await this.view()
    return { spent: key.spent_usd, reserved: key.reserved_usd }
  }

  async audit(): Promise<AuditEvent[]> {
    const events: AuditEvent[] = []
    for await (const event of this.world.ledger.client.audit({ run: this.runUid })) events.push(event)
    return events
  }

  /** How often an event of the record happened. */
  async count(name: AuditEvent['event']): Promise<number> {
    return (await this.audit()).filter(({ event }) => event === name).length
  }

  /** Resolves when an event of the record has happened so often. Each look is a round trip; a store that is away is asked again. */
  async reached(name: AuditEvent['event'], times = 1): Promise<void> {
    const isThere = async () => (await this.count(name)) >= times
    while (!(await isThere().catch(notWhileAway)));
  }

  /** Customers of this run have names of their own. */
  customer(name: string | number = 1): string {
    const [first] = this.runUid.replace('uid-', '').split('-')
    return `cus_${first}_${name}`
  }

  /** What really happened at Stripe for customers of this run. */
  effects(name?: string | number): TruthCall[] {
    const whose = name === undefined ? this.customer('') : this.customer(name)
    return this.world.stripe
      .truth('effect')
      .filter(({ customer = '' }) => (name === undefined ? customer.startsWith(whose) : customer === whose))
  }

  /** Billed lookups since the Job was made. */
  billedLookups(): TruthCall[] {
    return this.world.geocoder.truth('effect').slice(this.#lookupsBefore)
  }

  lookups(): number {
    return this.billedLookups().length
  }

  /** Nothing is reserved, and the record, the accounts and both vendors say the same. */
  async expectSettled(): Promise<void> {
    const { reserved } = await this.books()
    expect(reserved, 'still reserved').to.equal('0.00')
    await this.expectBalanced()
  }

  /** Every effect is in the record, once, and its money is in the accounts. */
  async expectBalanced(): Promise<void> {
    const audit = await this.audit()
    const { settled, open } = callsOf(audit)
    const recorded = settled.map(({ call }) => call.vendorKey ?? call.callId)
    const happened = this.effects().map(({ idempotencyKey }) => idempotencyKey ?? 'none')
    expect(new Set(happened).size, 'a second effect under one key').to.equal(happened.length)
    expect(new Set(recorded).size, 'settled twice').to.equal(recorded.length)
    const missing = happened.filter((key) => !recorded.includes(key) && !open.has(key))
    expect(missing, 'effects that the record does not know').to.deep.equal([])
    const { spent, reserved } = await this.books()
    const spentUsdMicros = settled.reduce((sum, event) => sum + event.spentUsdMicros, 0)
    expect(Math.round(Number(spent) * 1_000_000), 'spent').to.equal(spentUsdMicros)
    const heldUsdMicros = [...open.values()].reduce((sum, micros) => sum + micros, 0)
    expect(Math.round(Number(reserved) * 1_000_000), 'reserved').to.equal(heldUsdMicros)
  }
}

/** An Indexed Job of 40 completions with a run and an account of its own. */
export function newJob(world: World, terms: Partial<TermsAsked> = {}, name = world.nextJobName()): PathJob {
  return new PathJob(world, { name, terms })
}

/** What the record says of calls: settled ones, and what is held for each of those that are not resolved, by key. */
function callsOf(audit: readonly AuditEvent[]) {
  const settled = audit.filter((event) => event.event === 'call.settled')
  const open = new Map<string, number>()
  for (const event of audit) {
    if (!('call' in event) || event.call === null) continue
    const key = event.call.vendorKey ?? event.call.callId
    if (event.event === 'call.reserved') open.set(key, event.reservedUsdMicros)
    if (event.event === 'call.settled' || event.event === 'call.released') open.delete(key)
  }
  return { settled, open }
}

function notWhileAway(fault: unknown): false {
  if (fault instanceof LedgerRefused && fault.code === 'store_unavailable') return false
  throw fault
}
