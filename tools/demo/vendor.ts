import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { readTruth, type TruthLine } from '../../fake-vendors/truth.ts'
import { readJsonLines } from './lines.ts'
import { FAKE_STRIPE, type Stage } from './stage.ts'

export interface FakeStripe {
  readonly url: string
  readonly control: VendorControl
  /** The vendor's own record, read from its file. */
  truth(): TruthLine[]
  stop(): Promise<void>
}

interface Ready {
  readonly ready: true
  readonly url: string
  readonly control: string
}

/** A fresh fake Stripe, a process of its own. `truthFile` is where it writes what really happened. */
export async function startFakeStripe(stage: Stage, truthFile: string): Promise<FakeStripe> {
  const child = spawn(process.execPath, [FAKE_STRIPE, '--truth', truthFile, '--secret-file', stage.secretFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the fake Stripe ended with ${code} before it was ready`)))
    void readJsonLines(child.stdout, (line) => resolve(line as Ready), process.stderr.write.bind(process.stderr))
  })
  return {
    url: ready.url,
    control: vendorControl(ready.control),
    truth: () => readTruth(truthFile),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}
