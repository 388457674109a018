import { expect } from 'chai'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { anthropicOf, type LlmWorld, startLlmWorld } from './world.ts'

describe('Anthropic through sidecar and ledger', function () {
  this.timeout(60_000)
  let llm: LlmWorld
  let job: PathJob
  let pod: PathPod
  before(async () => {
    llm = await startLlmWorld()
  })
  beforeEach(async () => {
    job = llm.newJob()
    pod = await job.startPod()
  })
  afterEach(() => llm.endTest())
  after(() => llm.world.stop())

  it('a message is priced by what it used, caches included', async () => {
    const told = await anthropicOf(pod).messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 500,
      messages: [{ role: 'user', content: 'tell me #tokens=50 #cached=1000 #written=200 #written_hour=100' }],
    })
    expect(told.usage).to.deep.include({ output_tokens: 50, cache_read_input_tokens: 1_000 })
    // $4 input, $20 output, $0.20 cache read, $5 and $8 cache write for a million tokens, from `@pydantic/genai-prices`.
    const micros = Math.ceil(told.usage.input_tokens * 4 + 50 * 20 + 1_000 * 0.2 + 200 * 5 + 100 * 8)
    expect(await job.books()).to.deep.equal({ spent: (micros / 1e6).toString(), reserved: '0.00' })
  })

  it('counting tokens and reading models cost nothing, page by page', async () => {
    const client = anthropicOf(pod)
    const counted = await client.messages.countTokens({
      model: 'claude-opus-5-5',
      messages: [{ role: 'user', content: 'hello' }],
    })
    expect(counted.input_tokens).to.be.above(0)
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).to.have.length(4)
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.00' })
  })
})
