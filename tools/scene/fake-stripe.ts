import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { readTruth, type TruthLine } from '../../fake-vendors/truth.ts'
import type { Children } from './children.ts'
import { readJsonLines } from './lines.ts'
import { FAKE_STRIPE } from './places.ts'

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
export async function startFakeStripe(
  stage: { readonly children: Children; readonly secretFile: string },
  truthFile: string,
): Promise<FakeStripe> {
  const args = [FAKE_STRIPE, '--truth', truthFile, '--secret-file', stage.secretFile]
  const child = stage.children.start(process.execPath, args)
  const said: string[] = []
  void readJsonLines(
    child.stderr,
    (line) => said.push(JSON.stringify(line)),
    (line) => said.push(line),
  )
  const gone = new Promise((resolve) => child.once('close', resolve))
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('error', reject)
    void gone.then(() => reject(new Error(`the fake Stripe does not start:\n${said.join('\n')}`)))
    void readJsonLines(
      child.stdout,
      (line) => resolve(line as Ready),
      () => {},
    )
  })
  return {
    url: ready.url,
    control: vendorControl(ready.control),
    truth: () => readTruth(truthFile),
    async stop() {
      child.kill('SIGTERM')
      await gone
    },
  }
}
