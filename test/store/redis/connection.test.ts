import { expect } from 'chai'
import { parseRedisAddress } from '../../../store/redis/address.ts'
import { type Connection, connect } from '../../../store/redis/connection.ts'
import { script } from '../../../store/redis/script.ts'
import { needsRedis, type RedisServer, startRedis } from '../../redis/redis-server.ts'
import { SILENT } from '../stage.ts'

const AT_ONCE = 20
const ECHO = script({
  name: 'testEcho',
  purpose: 'answers what it was told',
  keys: ['meta'],
  args: { word: 'any' },
  statuses: ['told'],
  body: `return {'told', word, meta, history}`,
})

describe('the connection to Redis', function () {
  this.timeout(60_000)
  let redis: RedisServer | undefined
  let connection: Connection

  before(async function () {
    needsRedis(this)
    redis = await startRedis({ settings: { appendonly: 'no' } })
    const address = parseRedisAddress(redis.url)
    if (typeof address === 'string') throw new Error(address)
    connection = await connect({ address, password: null, caPem: null, log: SILENT })
  })
  after(async () => {
    connection.close()
    await redis?.stop()
  })

  const ask = (word: string) => connection.run(ECHO, ['jobcap:{p}:meta'], { history: 'h', args: { word } })
  const reads = async () => {
    const info = String(await connection.command('INFO', 'stats'))
    return Number(/^total_reads_processed:(\d+)/m.exec(info)?.[1])
  }

  it('sends what is asked in one turn in one write, and each gets its own answer', async () => {
    await ask('first')
    const before = await reads()
    const words = Array.from({ length: AT_ONCE }, (_, at) => `word ${at}`)
    const answers = await Promise.all(words.map(ask))
    expect(answers.map((reply) => String(reply[1]))).to.deep.equal(words)
    // The second one is the question itself.
    expect((await reads()) - before).to.equal(2)
  })

  it('sends what was asked before it is closed', async () => {
    const asked = ['one', 'two'].map(ask)
    connection.close()
    expect((await Promise.all(asked)).map((reply) => String(reply[1]))).to.deep.equal(['one', 'two'])
  })
})
