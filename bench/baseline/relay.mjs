// A bare relay over undici: takes the body whole, sends it on, passes the answer on as it comes. `node relay.mjs PORT VENDOR_PORT`.
import { createServer } from 'node:http'
import { Agent } from 'undici'

const [port, vendorPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ pipelining: 1 })
const origin = `http://127.0.0.1:${vendorPort}`

createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const { host: _, connection: _connection, ...headers } = request.headers
    agent.dispatch(
      { origin, path: request.url, method: request.method, headers, body: Buffer.concat(chunks) },
      {
        onRequestStart() {},
        onResponseStart: (_controller, status, answered) => response.writeHead(status, answered),
        onResponseData(controller, chunk) {
          if (response.write(chunk)) return
          controller.pause()
          response.once('drain', () => controller.resume())
        },
        onResponseEnd: () => response.end(),
        onResponseError: () => response.destroy(),
      },
    )
  })
}).listen(port, '127.0.0.1')
