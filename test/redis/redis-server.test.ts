import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { expect } from 'chai'
import { needsRedis, type RedisServer, startRedis } from './redis-server.ts'

/** One command in Redis' inline form, on a connection of its own; the first bytes of the answer. */
async function say({ host, port }: RedisServer, command: string): Promise<string> {
  const socket = connect(port, host)
  socket.write(`${command}\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString().trim()
}

describe('the Redis of the tests', function () {
  this.timeout(120_000)
  let redis: RedisServer

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  it('keeps what it acknowledged over a kill', async () => {
    expect(await say(redis, 'SET money kept')).to.equal('+OK')
    await redis.kill()
    await redis.restart()
    expect(await say(redis, 'GET money')).to.contain('kept')
  })

  it('leaves nothing behind', async () => {
    await redis.stop()
    expect(existsSync(redis.folder)).to.equal(false)
  })

  it('says why it did not start', async () => {
    const fault = await startRedis({ settings: { appendfsync: 'sometimes' } }).catch((thrown: unknown) => thrown)
    expect(String(fault)).to.contain('appendfsync')
  })
})
