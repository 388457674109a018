import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { vendorControl } from '../../fake-vendors/client.ts'
import { readTruth } from '../../fake-vendors/truth.ts'
import { CHARGE, poster, SECRET, statusOf } from './started.ts'

interface Ready {
  ready: boolean
  vendor: string
  url: string
  control: string
  truth: string
}

describe('a stand-in as a process of its own', () => {
  let folder: string
  let truthFile: string
  let children: ChildProcess[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fake-vendor-'))
    truthFile = join(folder, 'truth.ndjson')
    children = []
  })
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  function run(vendor: string, ...options: string[]): ChildProcess {
    const main = join(import.meta.dirname, `../../fake-vendors/${vendor}/main.ts`)
    const child = spawn(process.execPath, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    return child
  }

  async function ready(child: ChildProcess): Promise<Ready> {
    if (child.stdout === null) throw new Error('no standard output')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    return JSON.parse(line) as Ready
  }

  const exitOf = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null

  for (const vendor of ['stripe', 'generic']) {
    it(`${vendor}: prints where it listens, drains on SIGTERM and exits 0`, async () => {
      const child = run(vendor, '--truth', truthFile, '--secret', SECRET)
      const told = await ready(child)
      expect(told).to.include({ ready: true, truth: truthFile })
      expect((await vendorControl(told.control).stats()).vendor).to.equal(told.vendor)
      const exit = exitOf(child)
      child.kill('SIGTERM')
      expect(await exit).to.equal(0)
    })
  }

  it('drains with a call that is held: nothing keeps it', async () => {
    const child = run('stripe', '--truth', truthFile, '--secret', SECRET)
    const told = await ready(child)
    await vendorControl(told.control).hold()
    const answer = poster(() => told.url)('/v1/payment_intents', CHARGE)
    await vendorControl(told.control).nextHeld()
    const exit = exitOf(child)
    child.kill('SIGTERM')
    expect(await exit).to.equal(0)
    expect(statusOf(await answer)).to.be.oneOf(['ECONNRESET', 'EPIPE'])
  })

  it('killed while it holds an answer, it has written the effect; its successor goes on counting', async () => {
    const first = run('stripe', '--truth', truthFile, '--secret', SECRET)
    const told = await ready(first)
    await vendorControl(told.control).hold()
    const answer = poster(() => told.url)('/v1/payment_intents', CHARGE)
    await vendorControl(told.control).nextHeld()
    const exit = exitOf(first)
    first.kill('SIGKILL')
    await Promise.all([exit, answer])
    const next = await ready(run('stripe', '--truth', truthFile, '--secret', SECRET))
    await poster(() => next.url)('/v1/payment_intents', CHARGE)
    expect(readTruth(truthFile).map(({ seq, kind }) => [seq, kind])).to.deep.equal([
      [1, 'effect'],
      [2, 'effect'],
    ])
  })

  it('takes its secret from a file, so that no process list shows it', async () => {
    const secretFile = join(folder, 'secret')
    writeFileSync(secretFile, `${SECRET}\n`)
    const told = await ready(run('stripe', '--truth', truthFile, '--secret-file', secretFile))
    expect(statusOf(await poster(() => told.url)('/v1/payment_intents', CHARGE))).to.equal(200)
  })

  const MISTAKES: [options: string[], says: string][] = [
    [['--secret', SECRET], '--truth FILE is missing'],
    [['--truth', '/dev/null'], '--secret'],
    [['--truth', '/dev/null', '--secret', SECRET, '--listen', '12111'], '--listen must be HOST:PORT'],
    [['--truth', '/dev/null', '--secret', SECRET, '--verbose'], '--verbose'],
  ]
  for (const [options, says] of MISTAKES) {
    it(`${options.join(' ')} → exits 1 and says ${says}`, async () => {
      const child = run('stripe', ...options)
      let log = ''
      child.stderr?.on('data', (chunk) => {
        log += chunk
      })
      await once(child, 'close')
      expect(child.exitCode).to.equal(1)
      expect(log).to.contain(says)
    })
  }
})
