import { mkdtempSync, rmSync } from 'node:fs'
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
})
