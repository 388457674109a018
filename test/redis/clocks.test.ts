import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { Clock } from '../../runtime/clock.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { parseRedisAddress } from '../../store/redis/address.ts'
import { policyKeys } from '../../store/redis/layout.ts'
import { openRedisStore } from '../../store/redis/open.ts'
import { failure } from '../ledger/call.ts'
import { type PodsCaller, SILENT, Stage, told, usd } from '../store/stage.ts'
import { needsRedis, type RedisServer, startRedis } from './redis-server.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const { meta } = policyKeys('default')

const clockOff = (byMs: number): Clock => ({
  nowMs: () => systemClock.nowMs() + byMs,
  monotonicMs: () => systemClock.monotonicMs(),
})

describe('only the clock of Redis counts', function () {
  this.timeout(60_000)
  let redis: RedisServer
  let admin: Redis
  const open: Stage[] = []

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
    admin = new Redis({ host: redis.host, port: redis.port })
  })
  afterEach(async () => {
    for (const stage of open.splice(0)) await stage.store.close()
    admin.disconnect()
    await redis.stop()
  })

  /** A store as a ledger opens it, whose own clock is off. `ticks` gets what it does every few seconds. */
  async function ledgerAt(byMs: number, ticks: (() => void)[] = []): Promise<Stage> {
    const address = parseRedisAddress(redis.url)
    if (typeof address === 'string') throw new Error(address)
    const timers: Timers = {
      ...systemTimers,
      every(_everyMs, tick) {
        ticks.push(tick)
        return () => undefined
      },
    }
    const stage = new Stage(open.length + 1)
    const doors = { clock: clockOff(byMs), random: systemRandom, timers, log: SILENT }
    stage.store = await openRedisStore({
      ...doors,
      address,
      password: null,
      caPem: null,
      installId: 'test',
      initialise: true,
    })
    open.push(stage)
    return stage
  }
  const redisMs = async () => {
    const [seconds, microseconds] = await admin.time()
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
  }
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const nonce = (stage: Stage, at: number) => `${open.indexOf(stage)}${at}`.padStart(16, 'f')
  const reserve = async (stage: Stage, a: PodsCaller, content: string) => {
    const { call } = await stage.send(a, { content, nonce: nonce(stage, content.length) })
    return call
  }
  const expiring = (ms: number) => ({ expiresAtMs: ms, terms: { capUsdMicros: usd(5) } })

  it('two ledgers 20 minutes apart: days, leases, windows and expiries are the same for both', async () => {
    const [early, late] = [await ledgerAt(-10 * MINUTE_MS), await ledgerAt(10 * MINUTE_MS)]
    const now = await redisMs()
    // Expired by the clock of the later ledger, not by Redis'.
    const a = await early.pod('a', expiring(now + 5 * MINUTE_MS))
    const first = await reserve(early, a, 'D')
    const second = await reserve(late, a, 'EE')
    const days = [dayOf(now), dayOf(await redisMs())]
    for (const call of [first, second]) {
      expect(call.createdAtMs, 'created').to.be.within(now, await redisMs())
      expect(call.firstSentAtMs, 'first sent').to.equal(call.createdAtMs)
      expect(
        days.some((day) => call.accounts.includes(`policy/default/${day}`)),
        'a day of Redis',
      ).to.equal(true)
    }
    // A lease of ten seconds runs for both, whatever their own clocks say.
    expect((await late.repair(first.callId)).status).to.equal('LIVE')
    expect((await early.repair(second.callId)).status).to.equal('LIVE')
    expect(told(await late.ask(a, { content: 'D' }))).to.equal('JOIN')
    expect((await early.events()).map(({ atMs }) => atMs).every((atMs) => atMs >= now)).to.equal(true)
    // Expired by Redis' clock, not by that of the earlier ledger.
    const b = late.pod('b', { ...expiring((await redisMs()) - 5 * MINUTE_MS), job: 'job-2' })
    expect(await failure(b)).to.match(/Pod b was refused: The vault key/)
  })

  for (const hours of [-25, 25]) {
    it(`a ledger ${hours} hours off: the money is counted in the day of Redis`, async () => {
      const stage = await ledgerAt(hours * HOUR_MS)
      const days = [dayOf(await redisMs())]
      const { accounts } = await reserve(stage, await stage.pod('a', expiring((await redisMs()) + HOUR_MS)), 'D')
      days.push(dayOf(await redisMs()))
      expect(
        days.some((day) => accounts.includes(`policy/default/${day}`)),
        accounts.join(' '),
      ).to.equal(true)
    })
  }

  /** The clock of Redis cannot be moved here: that its time came further than it now says is what a clock set back leaves. */
  const setBackBy = async (ms: number) => {
    const highMs = (await redisMs()) + ms
    await admin.hset(meta, 'high_ms', String(highMs))
    return highMs
  }
  const ticked = async (ticks: readonly (() => void)[]) => {
    for (const tick of ticks) tick()
    while ((await admin.hget(meta, 'skew_ms')) === null);
  }

  it('set back by a day and more: days, leases and the time of the record never go back', async () => {
    const ticks: (() => void)[] = []
    const stage = await ledgerAt(0, ticks)
    const a = await stage.pod('a', expiring((await redisMs()) + 30 * 24 * HOUR_MS))
    const before = await reserve(stage, a, 'D')
    const highMs = await setBackBy(25 * HOUR_MS)
    // Before anybody has noticed: not behind what was reached, so the lease and the window of what was reserved are over, not stretched.
    const second = await reserve(stage, a, 'EE')
    expect(second.createdAtMs).to.be.at.least(highMs)
    expect(second.accounts).to.include(`policy/default/${dayOf(highMs)}`)
    expect((await stage.repair(before.callId)).status).to.equal('HELD')
    await ticked(ticks)
    // Noticed: it goes on from there.
    const third = await reserve(stage, a, 'FFF')
    expect(third.createdAtMs).to.be.within(highMs, highMs + MINUTE_MS)
    const times = (await stage.events()).map(({ atMs }) => atMs)
    expect(times).to.deep.equal(times.toSorted((x, y) => x - y))
    // And it runs: what it says later is later, by as much as Redis' own clock has moved.
    const [skew, high] = await admin.hmget(meta, 'skew_ms', 'high_ms')
    expect(Number(skew)).to.be.within(25 * HOUR_MS - MINUTE_MS, 25 * HOUR_MS)
    const earlierMs = await redisMs()
    while ((await redisMs()) <= earlierMs + 1);
    const fourth = await reserve(stage, a, 'GGGG')
    expect(fourth.createdAtMs).to.be.greaterThan(Math.max(third.createdAtMs, Number(high)))
  })

  it('a jitter of less than a second makes no skew, and still nothing goes back', async () => {
    const ticks: (() => void)[] = []
    const stage = await ledgerAt(0, ticks)
    const a = await stage.pod('a', expiring((await redisMs()) + HOUR_MS))
    const highMs = await setBackBy(500)
    expect((await reserve(stage, a, 'D')).createdAtMs).to.be.at.least(highMs)
    await admin.hdel(meta, 'high_ms')
    for (const tick of ticks) tick()
    while ((await admin.hget(meta, 'high_ms')) === null);
    expect(await admin.hget(meta, 'skew_ms')).to.equal(null)
  })
})
