// The hand-made version, first half: what one would put beside the app. `node proxy.mjs PORT LEDGER_PORT`.
import { Agent, createServer } from 'node:http'
import httpProxy from 'http-proxy'

const [port, ledgerPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true })
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${ledgerPort}`, agent })
proxy.on('error', (_fault, _request, response) => response.writeHead(502).end())
createServer((request, response) => {
  proxy.web(request, response, { headers: { 'x-pod': 'pod-0' } })
}).listen(port, '127.0.0.1')
