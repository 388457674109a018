import { expect } from 'chai'
import { createLog } from '../../runtime/log.ts'
import type { SidecarEffects } from '../../sidecar/proxy/effects.ts'
import { ReceiveQueues, type UnreadAnswer } from '../../sidecar/proxy/evidence/receive-queues.ts'

const ENDS = { appAddress: '127.0.0.1', appPort: 50_000, ourAddress: '127.0.0.1', ourPort: 8_080 }
const UNREAD_BYTES = 6

/** The connection's two ends; all has arrived. */
function table(unreadBytes: number): string {
  const ends = (local: string, remote: string, bytes: number) =>
    `   0: 0100007F:${local} 0100007F:${remote} 01 00000000:0000000${bytes} 00:00000000 00000000     0        0 1`
  return ['  sl  local_address', ends('C350', '1F90', unreadBytes), ends('1F90', 'C350', 0)].join('\n')
}

describe('a look at the receive queues', () => {
  it('says nothing of an answer that was written while it was under way', async () => {
    let unreadBytes = UNREAD_BYTES
    let wanted: UnreadAnswer[] = []
    let onLook = () => {}
    const read = (path: string) => {
      if (path === '/proc/net/tcp') onLook()
      return Promise.resolve(path === '/proc/net/tcp' ? table(unreadBytes) : '')
    }
    const effects = {
      clock: { nowMs: () => 0, monotonicMs: () => 0 },
      timers: { sleep: () => Promise.resolve() },
      files: { read },
      log: createLog('test', 'silent'),
    } as unknown as SidecarEffects
    const queues = new ReceiveQueues(effects, () => wanted)
    const probe = {
      ends: ENDS,
      bytes: UNREAD_BYTES,
      read: () => {
        unreadBytes = 0
        return Promise.resolve()
      },
      close: () => {},
    }
    expect(await queues.prove(() => Promise.resolve(probe))).to.equal(true)

    const found: string[] = []
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const answer = (name: string): UnreadAnswer => {
      const foundRead = () => {
        found.push(name)
        wanted = wanted.filter((each) => each !== unread)
        if (wanted.length === 0) resolve()
      }
      const unread = { watch: { ends: ENDS, foundRead }, onVerdict: () => {} } as unknown as UnreadAnswer
      return unread
    }
    const looks: string[] = []
    onLook = () => {
      looks.push(found.join(' '))
      if (looks.length === 1) wanted = [...wanted, answer('second')]
    }
    wanted = [answer('first')]
    queues.wake()
    await done
    expect(found).to.deep.equal(['first', 'second'])
    expect(looks, 'found before each look').to.deep.equal(['', 'first'])
  })
})
