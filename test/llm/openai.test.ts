import { expect } from 'chai'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { type LlmWorld, openaiOf, startLlmWorld, usdMicrosOf } from './world.ts'

/** Micro-dollars for a million tokens, from `@pydantic/genai-prices`, as in the built-in list: not checked at OpenAI. */
const GPT_4O = { input: 2_500_000, cached: 1_250_000, output: 10_000_000 }

describe('OpenAI through sidecar and ledger', function () {
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
    soldBefore = sold().length
  })
  afterEach(() => llm.endTest())
  after(() => llm.world.stop())

  const sold = () => llm.openai.truth('effect')
  const messages = (content: string) => [{ role: 'user' as const, content }]

  it('a chat completion is priced by what it used, and the secret is the real one', async () => {
    const told = await openaiOf(pod).chat.completions.create({
      model: 'gpt-4o',
      messages: messages('tell me #tokens=50 #cached=10'),
      max_completion_tokens: 200,
    })
    expect(told.usage?.completion_tokens).to.equal(50)
    const effects = sold().slice(soldBefore)
    expect(effects).to.have.length(1)
    const spent = usdMicrosOf(effects, GPT_4O)
    expect(await job.books()).to.deep.equal({ spent: (spent / 1e6).toString(), reserved: '0.00' })
  })
})
