import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import type { Ledger } from '../../ledger/ledger.ts'
import { auditRoutes } from '../../ledger/operator/audit.ts'

const EVENTS = 3_000

describe('a long record that is read slowly', () => {
  it('comes whole, and leaves no listener on the answer for each time that the reader was waited for', async () => {
    const audit = ({ afterSeq, limit }: { afterSeq: number; limit: number }) =>
      Promise.resolve(
        Array.from({ length: Math.min(limit, EVENTS - afterSeq) }, (_, at) => ({
          seq: afterSeq + at + 1,
          text: 'x'.repeat(2_000),
        })),
      )
    const app = express().use(auditRoutes({ store: { audit } } as unknown as Ledger))
    let answer: ServerResponse | undefined
    let most = 0
    const server = createServer((asked, answering) => {
      answer = answering
      void app(asked, answering)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [reading] = (await once(request({ port, path: '/audit' }).end(), 'response')) as [IncomingMessage]
    let bytes = 0
    for await (const chunk of reading) {
      bytes += (chunk as Buffer).length
      most = Math.max(most, answer?.listenerCount('close') ?? 0)
    }
    expect(bytes).to.be.greaterThan(EVENTS * 2_000)
    expect(most).to.be.within(1, 9)
    server.close()
  })
})
