import { expect } from 'chai'
import { SocketTable } from '../../sidecar/proxy/evidence/socket-table.ts'

/** Two ends on 127.0.0.1, as the kernel writes them: the app at port 50000, the proxy at 8080. */
const APP = '0100007F:C350'
const US = '0100007F:1F90'
const ENDS = { appAddress: '127.0.0.1', appPort: 50_000, ourAddress: '127.0.0.1', ourPort: 8_080 }

/** Queues in hex: sent and not acknowledged, received and not read. */
const TABLE = `
  the app's end           ours                    has read
  01 00000000:00000000    01 00000000:00000000    yes
  01 00000000:00000005    01 00000000:00000000    no
  01 00000000:00000000    01 00000005:00000000    no
  08 00000000:00000001    04 00000000:00000000    no
  08 00000000:00000000    05 00000000:00000000    yes
  06 00000000:00000000    05 00000000:00000000    no
  -                       05 00000000:00000000    no
  01 00000000:00000000    -                       no
`

describe('an app has read what was written to it by the socket tables', () => {
  const rows = TABLE.trim().split('\n').slice(1)
  for (const row of rows) {
    const [app = '', ours = '', hasRead] = row.trim().split(/ {2,}/)
    it(`${hasRead}: its end ${app}, ours ${ours}`, () => {
      const table = new SocketTable(textOf(line([APP, US], app), line([US, APP], ours)), '')
      expect(table.hasRead(ENDS) ? 'yes' : 'no').to.equal(hasRead)
    })
  }

  it('though its socket is one of IPv6 that holds an IPv4 address, as Java makes them', () => {
    const mapped = (end: string) => `0000000000000000FFFF0000${end}`
    const app = line([mapped(APP), mapped(US)], '01 00000000:00000000')
    const table = new SocketTable(textOf(line([US, APP], '01 00000000:00000000')), textOf(app))
    expect(table.hasRead(ENDS)).to.equal(true)
  })
})

function line(ends: readonly [string, string], state: string): string {
  return state === '-' ? '' : `   0: ${ends.join(' ')} ${state} 00:00000000 00000000     0        0 1`
}

function textOf(...lines: readonly string[]): string {
  return ['  sl  local_address rem_address   st tx_queue rx_queue tr tm->when', ...lines].join('\n')
}
