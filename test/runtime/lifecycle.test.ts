import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

const ROOT = join(import.meta.dirname, '../..')
/** Keeps a process, and says that it is there. */
const STAYS = `setInterval(() => {}, 1e6); console.log('here')`

describe('the end of a process', () => {
  let folder: string
  let child: ChildProcess | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-lifecycle-'))
  })
  afterEach(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  const start = async (...args: readonly string[]) => {
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')
    return child
  }
  /** Exit code, and the signal that nobody listened for. */
  const ended = async (ending: ChildProcess) => {
    const exit = once(ending, 'exit')
    ending.kill('SIGTERM')
    return exit
  }
  /** What is being run, with a start of its own; a tick of the clock takes 10 s. */
  const running = (start: string) => `
    import { mock } from 'node:test'
    import { createLog } from '${ROOT}/runtime/log.ts'
    import { runProcess } from '${ROOT}/runtime/lifecycle.ts'
    mock.timers.enable({ apis: ['setTimeout'] })
    process.on('SIGTERM', () => setImmediate(() => mock.timers.tick(10_000)))
    setImmediate(() => { ${STAYS} })
    await runProcess(createLog('ledger', 'silent'), ${start})`

  it('comes also while it waits in its start for what never comes', async () => {
    const hanging = await start('--input-type=module', '--eval', running('() => new Promise(() => {})'))
    expect(await ended(hanging)).to.deep.equal([143, null])
  })

  it('comes as soon as it has drained', async () => {
    const served = await start('--input-type=module', '--eval', running('async () => ({ drain: async () => 7 })'))
    expect(await ended(served)).to.deep.equal([7, null])
  })

  describe('started by the image', () => {
    /** The image's entry, with this as a ledger. */
    const image = (program: string) => {
      copyFileSync(join(ROOT, 'manifests/image/start.cjs'), join(folder, 'start.cjs'))
      mkdirSync(join(folder, 'dist/ledger'), { recursive: true })
      writeFileSync(join(folder, 'dist/package.json'), '{"type": "module"}')
      writeFileSync(join(folder, 'dist/ledger/main.js'), program)
      return start(join(folder, 'start.cjs'), 'ledger')
    }

    it('comes while the program does not listen for signals yet, which the kernel keeps from PID 1', async () => {
      expect(await ended(await image(STAYS))).to.deep.equal([143, null])
    })

    it('is the program’s own once it listens', async () => {
      const listening = await image(`process.on('SIGTERM', () => setImmediate(() => process.exit(7))); ${STAYS}`)
      expect(await ended(listening)).to.deep.equal([7, null])
    })
  })
})
