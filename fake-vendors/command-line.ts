import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ListenAddress } from '../runtime/http-server.ts'
import { runProcess } from '../runtime/lifecycle.ts'
import { createLog } from '../runtime/log.ts'
import { systemTerminal } from '../runtime/terminal.ts'
import { startFakeVendor } from './start.ts'
import type { Vendor } from './vendor.ts'
import type { VendorClock } from './vendor-clock.ts'

/** Given to a stand-in's maker: what its vendor port accepts as the caller's secret. */
export type VendorMaker = (secret: string, clock: VendorClock) => Vendor

/**
 * The process of one stand-in. Prints one JSON line on standard output once both ports are bound:
 * `{"ready": true, "vendor", "url", "control", "truth"}`.
 */
export async function runFakeVendor(name: string, make: VendorMaker): Promise<void> {
  const log = createLog(`fake-${name}`)
  await runProcess(log, async () => {
    const options = readOptions()
    const running = await startFakeVendor({ ...options, log, vendor: (clock) => make(options.secret, clock) })
    const ready = { ready: true, vendor: name, url: running.url, control: running.controlUrl, truth: options.truthFile }
    systemTerminal.out(`${JSON.stringify(ready)}\n`)
    return running
  })
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', default: '127.0.0.1:0' },
      control: { type: 'string', default: '127.0.0.1:0' },
      truth: { type: 'string' },
      secret: { type: 'string' },
      'secret-file': { type: 'string' },
    },
  })
  const secretFile = values['secret-file']
  const secret = secretFile === undefined ? values.secret : readFileSync(secretFile, 'utf8').trim()
  if (values.truth === undefined) throw new Error('--truth FILE is missing: where what really happened is written')
  if (secret === undefined || secret === '') throw new Error('--secret TEXT or --secret-file FILE is missing')
  return {
    listen: readAddress(values.listen, '--listen'),
    control: readAddress(values.control, '--control'),
    truthFile: values.truth,
    secret,
  }
}

function readAddress(text: string, option: string): ListenAddress {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(0, colon))
  const port = Number(text.slice(colon + 1))
  if (host === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${option} must be HOST:PORT, such as 127.0.0.1:0; got ${text}`)
  }
  return { host, port }
}
