import { expect } from 'chai'
import { AzureOpenAI } from 'openai'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { type LlmWorld, startLlmWorld, usdMicrosOf } from './world.ts'

/** Micro-dollars for a million tokens, as the policy below has them. */
const GPT_4O = { input: 3_000_000, cached: 3_000_000, output: 11_000_000 }
const MINI = { input: 200_000, cached: 200_000, output: 700_000 }

const azureAt = (openaiUrl: string) => `  - name: azure
    type: openai
    baseUrl: ${openaiUrl}
    secretRef: {name: openai, key: key}
    models:
      - {name: gpt-4o, inputUsd: "3.00", outputUsd: "11.00", contextTokens: 128000}
      - {name: gpt-4o-mini, inputUsd: "0.20", outputUsd: "0.70", contextTokens: 128000}
    deployments: [{name: chat-prod, model: gpt-4o}, {name: gpt-4o, model: gpt-4o-mini}]
    allowedEndpoints: ["POST /openai/*"]
`

describe("Azure's own client of OpenAI's SDK", function () {
  this.timeout(60_000)
  let llm: LlmWorld
  let job: PathJob
  let pod: PathPod
  let soldBefore: number
  before(async () => {
    llm = await startLlmWorld({ others: azureAt })
  })
  beforeEach(async () => {
    job = llm.newJob()
    pod = await job.startPod()
    soldBefore = sold().length
  })
  afterEach(() => llm.endTest())
  after(() => llm.world.stop())

  const sold = () => llm.openai.truth('effect')
  const clientOf = (at: PathPod, more: { deployment?: string } = {}) =>
    new AzureOpenAI({ baseURL: `${at.address}/azure/openai`, apiKey: 'placeholder', apiVersion: '2024-10-21', ...more })
  const ask = (model: string) => ({
    model,
    messages: [{ role: 'user' as const, content: 'tell me #tokens=50' }],
    max_completion_tokens: 200,
  })

  it('pays for the model behind the name in the path, and a replacement Pod gets the answer', async () => {
    const told = await clientOf(pod).chat.completions.create(ask('chat-prod'))
    const next = await job.replace(pod)
    expect((await clientOf(next).chat.completions.create(ask('chat-prod'))).id).to.equal(told.id)
    const effects = sold().slice(soldBefore)
    expect(effects.map(({ model }) => model)).to.deep.equal(['gpt-4o'])
    expect(await job.books()).to.deep.equal({
      spent: (usdMicrosOf(effects, GPT_4O) / 1e6).toString(),
      reserved: '0.00',
    })
  })

  it('the name in the path decides, whatever the body calls the model', async () => {
    await clientOf(pod, { deployment: 'gpt-4o' }).chat.completions.create(ask('chat-prod'))
    const effects = sold().slice(soldBefore)
    expect(effects.map(({ model }) => model)).to.deep.equal(['gpt-4o-mini'])
    expect(await job.books()).to.deep.equal({ spent: (usdMicrosOf(effects, MINI) / 1e6).toString(), reserved: '0.00' })
  })

  it('a stream and a response', async () => {
    let text = ''
    for await (const { choices } of await clientOf(pod).chat.completions.create({
      ...ask('chat-prod'),
      stream: true,
    })) {
      text += choices[0]?.delta.content ?? ''
    }
    expect(text).to.have.length.above(100)
    const response = await clientOf(pod).responses.create({ model: 'chat-prod', input: 'tell me #tokens=5' })
    expect(response.status).to.equal('completed')
    const effects = sold().slice(soldBefore)
    expect(effects).to.have.length(2)
    expect(await job.books()).to.deep.equal({
      spent: (usdMicrosOf(effects, GPT_4O) / 1e6).toString(),
      reserved: '0.00',
    })
  })

  it('a prompt that its filter stops is billed there, so it is spent at its bound; a bad request is not', async () => {
    const refusedAs = async (more: object) => {
      const fault = await clientOf(pod)
        .chat.completions.create({ ...ask('chat-prod'), ...more })
        .then(
          () => null,
          (error: unknown) => error,
        )
      expect(fault).to.have.property('status', 400)
      return job.books()
    }
    expect(await refusedAs({ messages: 'none' })).to.deep.equal({ spent: '0.00', reserved: '0.00' })
    const { spent, reserved } = await refusedAs({ messages: [{ role: 'user', content: 'tell me #filter=prompt' }] })
    const effects = sold().slice(soldBefore)
    expect(effects).to.have.length(1)
    expect(Number(spent) * 1e6).to.be.above(usdMicrosOf(effects, GPT_4O))
    expect(reserved).to.equal('0.00')
  })

  it('a deployment that the policy does not name is refused before anything is sent', async () => {
    const fault = await clientOf(pod)
      .chat.completions.create(ask('other'))
      .then(
        () => null,
        (error: unknown) => error,
      )
    expect(fault).to.have.property('code', 'model_unknown')
    expect(String(fault)).to.include('{name: "other", model: "gpt-4o"}')
    expect(sold()).to.have.length(soldBefore)
  })
})
