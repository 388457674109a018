import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { type Part, type Processes } from '../processes.ts'
import { CHARGE, type Ground, type Subject } from './subject.ts'

/** A Stripe-like answer with an id of its own each time, and one of a chat API. */
const CHARGE_ANSWER =
  '{"id":"pi_$request_id","object":"payment_intent","amount":1,"amount_received":1,"currency":"usd","status":"succeeded","livemode":false}'
const CHAT_ANSWER =
  '{"id":"chat_$request_id","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}'

const VENDOR = `
    default_type application/json;
    location / { return 200 '${CHARGE_ANSWER}'; }
    location /v1/chat/ { return 200 '${CHAT_ANSWER}'; }`

/** Bodies are taken whole before they are passed on, as a proxy that judges them must. */
const hopTo = (port: number) => `
    location / {
      proxy_pass http://next;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
  upstream next {
    server 127.0.0.1:${port};
    keepalive 200;
    keepalive_requests 1000000000;`

/** The vendor: nginx with a fixed answer, nothing logged. */
export async function startVendor(processes: Processes, folder: string): Promise<{ part: Part; port: number }> {
  return startNginx({ processes, folder }, 'vendor', VENDOR)
}

export async function startTwoNginx(ground: Ground): Promise<Subject> {
  const inner = await startNginx(ground, 'nginx-inner', hopTo(ground.vendorPort))
  const outer = await startNginx(ground, 'nginx-outer', hopTo(inner.port))
  return {
    name: 'two nginx hops',
    url: `http://127.0.0.1:${outer.port}`,
    shape: CHARGE,
    parts: { outer: outer.part, inner: inner.part },
  }
}

/** One process, so that its CPU time is the hop's. */
async function startNginx(
  { processes, folder }: Pick<Ground, 'processes' | 'folder'>,
  name: string,
  server: string,
): Promise<{ part: Part; port: number }> {
  const port = await freePort()
  const place = join(folder, name)
  mkdirSync(place, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${place}/${kind};`,
  )
  writeFileSync(
    join(place, 'nginx.conf'),
    `daemon off; master_process off; pid ${place}/pid; error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 16m; client_body_buffer_size 2m;
  keepalive_requests 1000000000; keepalive_timeout 1h;
${temporary.join('\n')}
  server {
    listen 127.0.0.1:${port} backlog=4096;${server}
  }
}
`,
  )
  const command = 'nginx'
  const args = ['-e', 'stderr', '-p', place, '-c', join(place, 'nginx.conf')]
  const part = processes.start({ name, command, args })
  await processes.untilOpen(part, port)
  return { part, port }
}
