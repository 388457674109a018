// The hand-made version, second half: a cap in Redis before the call, settled and written down before the answer.
// It holds no promise of jobcap's but the cap while nothing fails. `node ledger.mjs PORT REDIS_PORT VENDOR_PORT`.
import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import express from 'express'
import httpProxy from 'http-proxy'
import { Redis } from 'ioredis'

const [port, redisPort, vendorPort] = process.argv.slice(2).map(Number)
const CAP_CENTS = 9e12

const redis = new Redis({ port: redisPort, host: '127.0.0.1' })
redis.defineCommand('reserve', {
  numberOfKeys: 2,
  lua: `if redis.call('SET', KEYS[2], 'reserved', 'NX', 'EX', 86400) == false then return 'same' end
    local spent = redis.call('INCRBY', KEYS[1], ARGV[1])
    if spent > tonumber(ARGV[2]) then
      redis.call('DECRBY', KEYS[1], ARGV[1]); redis.call('DEL', KEYS[2]); return 'cap'
    end
    return 'reserved'`,
})
redis.defineCommand('settle', {
  numberOfKeys: 2,
  lua: `redis.call('SET', KEYS[1], ARGV[1], 'EX', 86400)
    return redis.call('XADD', KEYS[2], '*', 'call', ARGV[2], 'status', ARGV[3], 'amount', ARGV[4])`,
})

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${vendorPort}`,
  agent: new Agent({ keepAlive: true }),
  selfHandleResponse: true,
})
proxy.on('error', (_fault, _request, response) => response.writeHead(502).end())
proxy.on('proxyReq', (outgoing, request) => {
  outgoing.setHeader('authorization', 'Bearer sk_test_real')
  outgoing.setHeader('idempotency-key', request.callId)
  outgoing.setHeader('content-length', request.body.length)
  outgoing.end(request.body)
})
proxy.on('proxyRes', async (answer, request, response) => {
  const chunks = []
  for await (const chunk of answer) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  await redis.settle(`call:${request.callId}`, 'audit', body, request.callId, answer.statusCode, request.amount)
  response.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] }).end(body)
})

const app = express()
app.use(express.raw({ type: () => true, limit: '16mb' }))
app.use(async (request, response) => {
  request.amount = Number(new URLSearchParams(request.body.toString()).get('amount') ?? 0)
  request.callId = request.headers['idempotency-key'] ?? randomUUID()
  const reserved = await redis.reserve('spent', `call:${request.callId}`, request.amount, CAP_CENTS)
  if (reserved !== 'reserved') return response.status(429).json({ error: reserved })
  proxy.web(request, response)
})
app.listen(port, '127.0.0.1')
