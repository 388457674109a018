import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { AuditEvent } from '../../contract/audit.ts'
import type { TruthLine } from '../../fake-vendors/truth.ts'
import { startBalancer } from '../../tools/chaos/balancer.ts'
import { COMPLETIONS, planOf } from '../../tools/chaos/plan.ts'
import { judge } from '../../tools/chaos/verdict.ts'

describe('make chaos', () => {
  it('plans the same for the same seed, other things for another, and at least ten kills', () => {
    const plan = planOf(7, { hasRedis: true })
    expect(planOf(7, { hasRedis: true })).to.deep.equal(plan)
    expect(planOf(8, { hasRedis: true })).to.not.deep.equal(plan)
    for (const hasRedis of [true, false]) {
      const { blows, charges } = planOf(7, { hasRedis })
      expect(blows.filter(({ stopMs }) => stopMs === null)).to.have.length.at.least(10)
      expect(blows.some(({ victim }) => victim === 'redis')).to.equal(hasRedis)
      expect(new Set(charges.map(({ index }) => index)).size).to.equal(COMPLETIONS)
      for (const { afterCharges } of blows) expect(afterCharges).to.be.below(charges.length)
    }
  })

  it('refuses what it cannot read, before it starts anything', () => {
    const run = (env: object) =>
      spawnSync(process.execPath, ['tools/chaos/main.ts'], { env: { ...process.env, ...env }, encoding: 'utf8' })
    expect(run({ ROUNDS: 'many' })).to.include({ status: 2 })
    expect(run({ SEED: 'x' }).stderr).to.include('SEED=x is not a whole number')
    expect(run({ STORE: 'paper' }).stderr).to.include('neither redis nor sqlite')
  })

  describe('judges by the vendor', () => {
    const charge = (customer: string) => ({ index: 0, customer, cents: 100 })
    const effect = (customer: string, key: string): TruthLine => ({
      ...{ seq: 1, atMs: 0, kind: 'effect', vendor: 'stripe', method: 'POST', path: '/', requestId: key, status: 200 },
      ...{ customer, idempotencyKey: key, movedMinor: 100 },
    })
    const settled = (vendorKey: string) =>
      ({ event: 'call.settled', spentUsdMicros: 1_000_000, call: { vendorKey } }) as AuditEvent

    it('two alike that were meant as two are no duplicate; a third is', () => {
      const charges = [charge('a'), charge('a'), charge('b')]
      const truth = ['1', '2', '3'].map((key) => effect('a', key))
      const verdict = judge(charges, { truth, audit: ['1', '2', '3'].map(settled) })
      expect(verdict).to.include({ intended: 3, charged: 2, duplicates: 1, missed: 1, auditMissing: 0, auditExtra: 0 })
      expect(verdict.cases.join('\n')).to.match(/^a: #1 under 1, .*\nb: never charged$/)
    })

    it('a charge that the record lacks, and one of the record that never happened', () => {
      const verdict = judge([charge('a')], { truth: [effect('a', '1')], audit: [settled('2')] })
      expect(verdict).to.include({ duplicates: 0, missed: 0, auditMissing: 1, auditExtra: 1 })
    })
  })

  describe('puts one address before its ledgers', () => {
    let folder: string
    const servers: Server[] = []
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'jobcap-balancer-'))
    })
    afterEach(() => {
      for (const server of servers.splice(0)) server.close()
      rmSync(folder, { recursive: true })
    })
    const listen = async (name: string): Promise<string> => {
      const server = createServer((socket) => socket.end(name))
      servers.push(server)
      await once(server.listen(join(folder, name)), 'listening')
      return join(folder, name)
    }
    const ask = (path: string) => text(connect({ path })).catch(() => 'broken')

    it('in turn, leaving out those that do not listen; none: the connection is closed', async () => {
      const ledgers = [await listen('one'), join(folder, 'gone'), await listen('two')]
      const balancer = await startBalancer(join(folder, 'balancer'), ledgers)
      const answers = new Set<string>()
      for (let times = 0; times < 3; times += 1) answers.add(await ask(balancer.socket))
      expect([...answers].toSorted((left, right) => left.localeCompare(right))).to.deep.equal(['one', 'two'])
      await balancer.close()
      const nobody = await startBalancer(join(folder, 'nobody'), [join(folder, 'gone')])
      expect(await ask(nobody.socket)).to.equal('')
      await nobody.close()
    })
  })
})
