// A vendor that takes its time: `node slow-vendor.mjs PORT DELAY_MS`.
import { createServer } from 'node:http'

const [port, delayMs] = process.argv.slice(2).map(Number)
let calls = 0
createServer((request, response) => {
  request.resume()
  setTimeout(() => {
    calls += 1
    const body = `{"id":"pi_slow${calls}","object":"payment_intent","amount":1,"currency":"usd","status":"succeeded"}`
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
  }, delayMs)
}).listen(port, '127.0.0.1')
