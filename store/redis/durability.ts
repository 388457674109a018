import { StoreFault } from '../store.ts'
import type { Connection } from './connection.ts'

const DEMANDS: Readonly<Record<string, { readonly is: string; readonly because: string }>> = {
  appendonly: { is: 'yes', because: 'else a restart loses what it had acknowledged' },
  appendfsync: { is: 'always', because: 'else the end of its host loses the last second' },
  'maxmemory-policy': { is: 'noeviction', because: 'else it throws records away when its memory is full' },
}

/** Rejects with all that is wrong at once, as settings to change. */
export async function demandDurability(connection: Connection): Promise<void> {
  const wrong: string[] = []
  for (const [setting, { is, because }] of Object.entries(DEMANDS)) {
    const reply = await connection.command('CONFIG', 'GET', setting)
    const value = Array.isArray(reply) ? String(reply[1]) : String((reply as Record<string, unknown>)[setting])
    if (value !== is) wrong.push(`set ${setting} to ${is} (it is ${value}), ${because}`)
  }
  if (wrong.length > 0) throw new StoreFault(`${connection.name} may lose what it acknowledges: ${wrong.join('; ')}`)
}
