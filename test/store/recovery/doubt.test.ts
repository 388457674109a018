import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asHistoryId } from '../../../contract/ids.ts'
import { type Clock, systemClock } from '../../../runtime/clock.ts'
import type { Log } from '../../../runtime/log.ts'
import { afterInput, systemTimers, type Timers } from '../../../runtime/timers.ts'
import type { RegistryState, ReplicaCard } from '../../../store/recovery/registry.ts'
import { SILENT } from '../stage.ts'
import { guardOverWhole, WHOLE } from './whole-store.ts'

describe('a doubt about the store', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doubt-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('that comes while a replica begins to serve is looked into before it serves', async () => {
    const steps: string[] = []
    const registry = {
      async read() {
        steps.push('read')
        return WHOLE
      },
      async enter() {
        steps.push('enter')
        if (steps.length === 2) doubt('the connection broke')
      },
    }
    const { guard, doubt } = await guardOverWhole(folder, { registry })
    await guard.start()
    expect(steps).to.deep.equal(['read', 'enter', 'read', 'enter'])
    expect(guard.problem()).to.equal(undefined)
    await guard.end(true)
  })

  it('keeps a replica that ends meanwhile from signing off: its journal is waited for', async () => {
    let left: readonly string[] = []
    let replicas: readonly ReplicaCard[] = []
    const registry = {
      read: async () => ({ ...WHOLE, replicas }),
      async enter(card: ReplicaCard) {
        replicas = [card]
      },
      async leave({ replicaId }: ReplicaCard) {
        left = [replicaId]
      },
    }
    const { guard, doubt } = await guardOverWhole(folder, { registry })
    await guard.start()
    doubt('the connection broke')
    await guard.end(true)
    expect(left).to.deep.equal([])
    const again = await guardOverWhole(folder, { registry })
    await again.guard.start()
    await again.guard.end(true)
    expect(left).to.deep.equal(['a'])
  })

  it('is not over while the journal is away, and that is what is said, not that the store is', async () => {
    let looks = 0
    const { promise: lookedTwice, resolve } = Promise.withResolvers<void>()
    const registry = {
      async read() {
        looks += 1
        if (looks === 3) resolve()
        return WHOLE
      },
      async enter() {},
    }
    const { guard, doubt } = await guardOverWhole(folder, { registry })
    await guard.start()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    doubt('the connection broke')
    await lookedTwice
    expect(guard.problemCodes()).to.deep.equal(['journal_not_writable'])
    expect(guard.problem()).to.match(/was taken away/)
    await guard.end(false)
  })

  it('that waits for another replica calls a person only when that one has not come for half a minute, and once', async () => {
    let nowMs = 0
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
    const timers: Timers = {
      ...systemTimers,
      sleep(delayMs) {
        nowMs += delayMs
        return new Promise(afterInput)
      },
    }
    const said: string[] = []
    const { promise: lookedForTwoMinutes, resolve } = Promise.withResolvers<void>()
    const registry = {
      async read() {
        if (nowMs > 120_000) resolve()
        return {
          ...WHOLE,
          witness: { written: 'run 1', now: 'run 2' },
          recovery: { next: asHistoryId('2'.padStart(16, '0')), witness: 'run 2', handedOver: ['a'] },
          replicas: ['a', 'b'].map((replicaId) => ({ replicaId, historyId: WHOLE.historyId, droppedSegment: 0 })),
        } as RegistryState
      },
    }
    const say = (level: string) => (fields: object, sentence: string) => {
      said.push(`${level} ${sentence} ${Math.floor(nowMs / 1000)} s: ${JSON.stringify(fields)}`)
    }
    const log = { ...SILENT, warn: say('warn'), error: say('error') } as Log
    const { guard } = await guardOverWhole(folder, { registry }, { log, timers, clock })
    await guard.start()
    const atStart = [...said]
    await lookedForTwoMinutes
    const codes = guard.problemCodes()
    await guard.end(false)
    expect(atStart).to.deep.equal(['warn the journals of other replicas are waited for 0 s: {"missing":["b"]}'])
    expect(codes).to.deep.equal(['journals_missing'])
    expect(said).to.have.length(2)
    expect(said[1]).to.match(/^error a person is needed 30 s: .*not there: b\. Start them again/)
  })
})
