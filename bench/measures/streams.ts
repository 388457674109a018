import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { median } from '../figures.ts'
import { readSlowly, runStreams, type StreamLoad, type StreamResult } from '../load/streams.ts'
import type { Part } from '../processes.ts'
import { startJobcap } from '../subjects/jobcap.ts'
import { LIKE_ITS_PEERS, startRedis } from '../subjects/redis.ts'
import { startRelay } from '../subjects/relay.ts'
import type { Ground, Subject } from '../subjects/subject.ts'

const VENDOR = join(import.meta.dirname, '../baseline/stream-vendor.mjs')
const MIB = 1024 * 1024
/** Of the bench vendor's, at the least. */
const EVENT_BYTES = 200
const LONG_STREAM_MIB = 100

type Shape = Pick<StreamLoad, 'events' | 'everyMs' | 'connections'>

/** Answers of an ordinary length, as fast as anybody takes them. */
const SHORT: Shape = { events: 50, everyMs: 0, connections: 20 }
/** What a chunk costs, with as little as possible around it. */
const LONG: Shape = { events: 5_000, everyMs: 0, connections: 4 }
/** As models write: a hundred answers at once, two hundred tokens a second each. */
const PACED: Shape = { events: 100, everyMs: 5, connections: 100 }
const ALONE: Shape = { events: 5, everyMs: 0, connections: 1 }

interface Entrant {
  readonly url: string
  readonly path: string
}

export interface StreamsPlan {
  readonly rounds: number
  readonly seconds: number
}

/** Streams through the whole path beside those through a bare undici relay, in interleaved rounds. */
export async function measureStreams(ground: Ground, plan: StreamsPlan): Promise<Record<string, number>> {
  const port = await freePort()
  const command = process.execPath
  const vendor = ground.processes.start({ name: 'stream-vendor', command, args: [VENDOR, String(port)] })
  await ground.processes.untilOpen(vendor, port)
  const there = { ...ground, vendorPort: port }
  const relay = await startRelay(there, 'stream-relay')
  const jobcap = await startOverRedis(there)
  const path = '/v1/chat/completions'
  const entrants = {
    direct: { url: `http://127.0.0.1:${port}`, path },
    relay: { url: relay.url, path },
    jobcap: { url: jobcap.url, path: `/openai${path}` },
  }
  const figures = await compareStreams(entrants, plan)
  const growthMib = await growthOver(jobcap, entrants.jobcap)
  for (const part of [vendor, ...Object.values({ ...relay.parts, ...jobcap.parts })]) ground.processes.end(part)
  return { ...figures, stream_100mib_growth_mib: growthMib }
}

type Entrants = Readonly<Record<'direct' | 'relay' | 'jobcap', Entrant>>

async function compareStreams(entrants: Entrants, { rounds, seconds }: StreamsPlan): Promise<Record<string, number>> {
  const run = (name: keyof Entrants, shape: Shape) => runStreams({ ...entrants[name], ...shape, seconds })
  for (const name of ['relay', 'jobcap'] as const) for (const shape of [SHORT, LONG]) await run(name, shape)
  const done: Record<keyof typeof SHAPES, Record<keyof Entrants, StreamResult>>[] = []
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? NAMES : NAMES.toReversed()
    const results = { short: {}, long: {}, paced: {}, alone: {} } as (typeof done)[number]
    for (const kind of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      for (const name of order) results[kind][name] = await run(name, SHAPES[kind])
    }
    done.push(results)
  }
  const overRelay = (kind: keyof typeof SHAPES) =>
    median(done.map(({ [kind]: { jobcap, relay } }) => jobcap.callsPerSecond / relay.callsPerSecond))
  return {
    stream_calls_over_relay: overRelay('short'),
    stream_chunks_over_relay: overRelay('long'),
    stream_paced_over_relay: overRelay('paced'),
    stream_first_byte_hops: median(
      done.map(({ alone: { direct, relay, jobcap } }) => {
        const hopUs = relay.firstByteUs - direct.firstByteUs
        return (jobcap.firstByteUs - direct.firstByteUs) / hopUs
      }),
    ),
    stream_chunks_per_s: median(done.map(({ long }) => long.jobcap.callsPerSecond * LONG.events)),
  }
}

const NAMES = ['direct', 'relay', 'jobcap'] as const
const SHAPES = { short: SHORT, long: LONG, paced: PACED, alone: ALONE } as const

/** MiB that sidecar and ledger grow by at most, the larger of the two, while one long stream goes to a slow reader. */
async function growthOver({ parts }: Subject, entrant: Entrant): Promise<number> {
  const held = [parts['sidecar'], parts['ledger']].filter((part): part is Part => part !== undefined)
  const stream = (mib: number, onRead: () => void) =>
    readSlowly(
      { ...entrant, events: Math.ceil((mib * MIB) / EVENT_BYTES), everyMs: 0, connections: 1, seconds: 0 },
      onRead,
    )
  await stream(LONG_STREAM_MIB / 10, () => {})
  const before = held.map((part) => part.residentMib())
  const most = [...before]
  await stream(LONG_STREAM_MIB, () => {
    for (const [at, part] of held.entries()) most[at] = Math.max(most[at] ?? 0, part.residentMib())
  })
  return Math.max(...most.map((mib, at) => mib - (before[at] ?? 0)))
}

async function startOverRedis(ground: Ground): Promise<Subject> {
  const { part, port } = await startRedis(ground, 'streams-redis', 'everysec')
  return startJobcap(ground, {
    name: 'jobcap streams',
    store: `redis://127.0.0.1:${port}`,
    hasTls: false,
    ledgerFlags: ['--initialise', ...LIKE_ITS_PEERS],
    storeParts: { redis: part },
  })
}
