import { expect } from 'chai'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { type LlmWorld, openaiOf, startLlmWorld } from './world.ts'

describe('identical calls for tokens at once', function () {
  this.timeout(60_000)
  let llm: LlmWorld
  let job: PathJob
  let pod: PathPod
  let soldBefore: number
  before(async () => {
    llm = await startLlmWorld()
  })
  beforeEach(async () => {
    job = llm.newJob()
    pod = await job.startPod()
    soldBefore = sold()
  })
  afterEach(() => llm.endTest())
  after(() => llm.world.stop())

  const sold = () => llm.openai.truth('effect').length
  const create = (headers: Record<string, string> = {}) =>
    openaiOf(pod).chat.completions.create(
      { model: 'gpt-4o', messages: [{ role: 'user', content: 'a poem #tokens=5' }], max_completion_tokens: 20 },
      { headers },
    )

  it('each of them is a call of its own, and the replacement Pod gets the answers of all', async () => {
    const first = await Promise.all(Array.from({ length: 8 }, () => create()))
    expect(new Set(first.map(({ id }) => id)).size).to.equal(8)
    expect(sold() - soldBefore).to.equal(8)
    await pod.noted('seen', 8)
    pod = await job.replace(pod)
    const again = await Promise.all(Array.from({ length: 8 }, () => create()))
    expect(again.map(({ id }) => id).toSorted()).to.deep.equal(first.map(({ id }) => id).toSorted())
    expect(sold() - soldBefore).to.equal(8)
  })

  it('more than can be listed at once wait their turn, and none is lost', async () => {
    const told = await Promise.all(Array.from({ length: 150 }, () => create()))
    expect(new Set(told.map(({ id }) => id)).size).to.equal(150)
    expect(sold() - soldBefore).to.equal(150)
  })

  it('under one key that names what is meant they are one call', async () => {
    const told = await Promise.all(Array.from({ length: 4 }, () => create({ 'idempotency-key': 'poem-of-today' })))
    expect(new Set(told.map(({ id }) => id)).size).to.equal(1)
    expect(sold() - soldBefore).to.equal(1)
  })

  it('two orders of the keys in a body are one content', async () => {
    const ask = (body: object) =>
      pod.ask({
        path: '/openai/v1/chat/completions',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const messages = [{ role: 'user', content: 'one order #tokens=3' }]
    const one = await ask({ model: 'gpt-4o', messages, max_completion_tokens: 20 })
    pod = await job.replace(pod)
    const other = await ask({ max_completion_tokens: 20, messages, model: 'gpt-4o' })
    expect(other.text).to.equal(one.text)
    expect(sold() - soldBefore).to.equal(1)
  })

  it('after a sidecar that died in the middle the call is bought at most twice, within the cap', async () => {
    const hold = await llm.world.holdNext(llm.openai)
    const cut = create().then(
      () => 'answered',
      () => 'broken',
    )
    await hold.held()
    await pod.restartSidecar()
    await hold.release()
    await cut
    await job.reached('call.settled')
    await create()
    expect(sold() - soldBefore).to.be.within(1, 2)
    expect((await job.books()).reserved).to.equal('0.00')
  })
})
