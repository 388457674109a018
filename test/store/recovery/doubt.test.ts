import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
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
    const left: string[] = []
    const registry = {
      async enter() {},
      async leave({ replicaId }: { readonly replicaId: string }) {
        left.push(replicaId)
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
})
