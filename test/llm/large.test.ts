import { expect } from 'chai'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { anthropicOf, type LlmWorld, openaiOf, startLlmWorld } from './world.ts'

const MIB = 1024 * 1024
/** Micro-dollars for a token of input, from the built-in list. */
const EMBEDDED = 0.02

describe('large calls for tokens through sidecar and ledger', function () {
  this.timeout(120_000)
  let llm: LlmWorld
  let job: PathJob
  let pod: PathPod
  before(async () => {
    llm = await startLlmWorld({ spec: 'maxBodyKiB: 16384' })
  })
  beforeEach(async () => {
    job = llm.newJob('1.00')
    pod = await job.startPod()
  })
  afterEach(() => llm.endTest())
  after(() => llm.world.stop())

  /** Base64 of so many bytes that are no picture; nobody here looks. */
  const picture = (bytes: number) => Buffer.alloc(bytes, 'picture').toString('base64')
  const reserved = async () =>
    (await job.audit()).flatMap((event) => (event.event === 'call.reserved' ? [event.reservedUsdMicros] : []))

  it('a picture of 10 MiB reserves what its model’s rule says, under a cap of a dollar, and arrives whole', async () => {
    const before = llm.openai.truth('effect').length
    const url = `data:image/png;base64,${picture(10 * MIB)}`
    const told = await openaiOf(pod).chat.completions.create({
      model: 'gpt-4o',
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url } }] },
        { role: 'user', content: 'what is it? #tokens=5' },
      ],
      max_completion_tokens: 100,
      service_tier: 'default',
    })
    expect(told.choices).to.have.length(1)
    expect((await reserved())[0]).to.be.below(10_000)
    expect(llm.openai.truth('effect')).to.have.length(before + 1)
    expect((await job.books()).reserved).to.equal('0.00')
  })

  it('the same to Anthropic', async () => {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: picture(10 * MIB) }
    const { usage } = await anthropicOf(pod).messages.create({
      model: 'claude-opus-5-5',
      max_tokens: 100,
      messages: [
        { role: 'user', content: [{ type: 'image', source }] },
        { role: 'user', content: 'what is it? #tokens=5' },
      ],
    })
    expect(usage.output_tokens).to.equal(5)
    expect((await reserved())[0]).to.be.below(100_000)
  })

  it('one that is larger than the policy’s bodies is refused with the limit, and nothing is sent', async () => {
    const url = `data:image/png;base64,${picture(13 * MIB)}`
    const messages = [{ role: 'user' as const, content: [{ type: 'image_url' as const, image_url: { url } }] }]
    const before = llm.openai.truth('effect').length
    const refused = await openaiOf(pod)
      .chat.completions.create({ model: 'gpt-4o', messages, max_completion_tokens: 100 })
      .catch((fault: unknown) => fault)
    expect(refused).to.have.property('code', 'body_too_large')
    expect(refused).to.have.property('message').that.contains('16777216')
    expect(llm.openai.truth('effect')).to.have.length(before)
  })

  it('a thousand texts to embed are one call, settled by what they used', async () => {
    const input = Array.from({ length: 1_000 }, (_, at) => `text ${at}`)
    const told = await openaiOf(pod).embeddings.create({ model: 'text-embedding-3-small', input })
    expect(told.data).to.have.length(1_000)
    const spent = Math.ceil(told.usage.prompt_tokens * EMBEDDED)
    expect(await job.books()).to.deep.equal({ spent: (spent / 1e6).toString(), reserved: '0.00' })
    expect((await reserved())[0]).to.be.at.least(spent)
  })
})
