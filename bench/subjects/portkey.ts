import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import type { Ground, Subject } from './subject.ts'

const GATEWAY = join(import.meta.dirname, '../node_modules/@portkey-ai/gateway/build/start-server.js')

/** A gateway that many use, one hop, without a ledger behind it: a chat call, since it knows no other kind. */
export async function startPortkey({ processes, vendorPort }: Ground): Promise<Subject> {
  const port = await freePort()
  const env = { NODE_ENV: 'production' }
  const args = [GATEWAY, '--headless', `--port=${port}`]
  const gateway = processes.start({ name: 'portkey', command: process.execPath, args, env })
  await processes.untilOpen(gateway, port)
  return {
    name: '@portkey-ai/gateway, one hop',
    url: `http://127.0.0.1:${port}`,
    shape: {
      path: '/v1/chat/completions',
      headers: [
        'Content-Type: application/json',
        'Authorization: Bearer sk-placeholder',
        'X-Portkey-Provider: openai',
        `X-Portkey-Custom-Host: http://127.0.0.1:${vendorPort}/v1`,
      ],
      body: '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"Is @ even?"}]}',
    },
    parts: { gateway },
  }
}
