import { expect } from 'chai'
import type { Told } from '../ledger/call.ts'
import type { Engine } from '../path/engine.ts'
import type { PathJob } from '../path/job.ts'
import type { World } from '../path/world.ts'

/** What the tests of a row need. `world` is there within hooks and tests. */
export interface Stage {
  /** Of the store. */
  readonly engine: Engine['name']
  readonly world: World
}

/** The tests of each row, by the name that the row has in `docs/failure-matrix.md`. */
export type Rows = Readonly<Record<string, (stage: Stage) => void>>

/** Rows that share one world. `flags` of every start of its ledger. */
export interface Chapter {
  readonly about: string
  readonly flags: readonly string[]
  readonly rows: Rows
}

/** What a row promises, as it can be seen from outside. */
export interface Outcome {
  /** What happened at both vendors for this Job. */
  readonly effects: number
  /** What the record says of each call in the end, in the order of their reservations. */
  readonly record: readonly string[]
  /** Dollars that stay reserved. Default "0.00". */
  readonly reserved?: string
  /** What the app got: each 200 among them is the answer of an effect. */
  readonly told?: readonly Told[]
}

/** The vendors' truth, the record, the accounts and what the app got say the same. */
export async function judge(job: PathJob, { effects, record, reserved = '0.00', told = [] }: Outcome): Promise<void> {
  const objects = [...job.effects(), ...job.billedLookups()].map(({ object }) => object)
  expect(objects, 'effects at the vendors').to.have.length(effects)
  for (const { status, text } of told) if (status === 200) expect(objects).to.include(JSON.parse(text).id)
  expect(await recordOf(job), 'the record').to.deep.equal(record)
  expect((await job.books()).reserved, 'reserved').to.equal(reserved)
  await job.expectBalanced()
}

async function recordOf(job: PathJob): Promise<string[]> {
  const states = new Map<string, string>()
  for (const event of await job.audit()) {
    if (!('call' in event) || event.call === null || !event.event.startsWith('call.')) continue
    // A replay changes nothing about what the record holds.
    if (event.event !== 'call.replayed') states.set(event.call.callId, event.event.slice('call.'.length))
  }
  return [...states.values()]
}
