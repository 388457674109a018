import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { CHARGE, type Ground, type Subject } from './subject.ts'

const RELAY = join(import.meta.dirname, '../baseline/relay.mjs')

/** A hop over undici that judges nothing. */
export async function startRelay({ processes, vendorPort }: Ground, name: string): Promise<Subject> {
  const port = await freePort()
  const command = process.execPath
  const relay = processes.start({ name, command, args: [RELAY, String(port), String(vendorPort)] })
  await processes.untilOpen(relay, port)
  return { name: 'undici relay', url: `http://127.0.0.1:${port}`, shape: CHARGE, parts: { relay } }
}
