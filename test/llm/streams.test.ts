import { expect } from 'chai'
import { ask } from '../ledger/call.ts'
import type { PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { broken } from '../path/world.ts'
import { anthropicOf, type LlmWorld, openaiOf, startLlmWorld, usdMicrosOf } from './world.ts'

/** Micro-dollars for a million tokens, from `@pydantic/genai-prices`, as in the built-in list: not checked at OpenAI. */
const GPT_4O = { input: 2_500_000, cached: 1_250_000, output: 10_000_000 }
const JSON_TYPE = { 'content-type': 'application/json' }

describe('streams of tokens through sidecar and ledger', function () {
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
  const soldHere = () => sold().slice(soldBefore)
  const messages = (content: string) => [{ role: 'user' as const, content }]
  const chat = (content: string, more: object = {}) =>
    JSON.stringify({
      model: 'gpt-4o',
      messages: messages(content),
      max_completion_tokens: 400,
      stream: true,
      ...more,
    })
  const askChat = (body: string) => pod.ask({ path: '/openai/v1/chat/completions', headers: JSON_TYPE, body })
  /** What the vendor itself answers to the same bytes. */
  const askVendor = (body: string) =>
    ask(llm.openai.url, {
      path: '/v1/chat/completions',
      headers: { ...JSON_TYPE, authorization: 'Bearer sk_test_the_real_one' },
      body,
    })
  const withoutIds = (text: string) => text.replaceAll(/"id":"[^"]*"|"created":\d+/g, '')
  const bound = async () =>
    (await job.audit()).flatMap((event) => (event.event === 'call.reserved' ? [event.reservedUsdMicros] : []))
  /** Bytes of a stream up to the middle of its first character of two bytes. */
  const bytesToCharacter = async () => {
    const { text } = await askVendor(chat('tell me #tokens=20', { stream_options: { include_usage: true } }))
    return Buffer.byteLength(text.slice(0, text.indexOf('ö'))) + 1
  }
  const dollars = (micros: number) => (micros / 1e6).toString()

  it('openai-node reads a stream to its end; it costs what it used, and the chunk that says so is not the app’s', async () => {
    const stream = await openaiOf(pod).chat.completions.create({
      model: 'gpt-4o',
      messages: messages('tell me #tokens=50 #cached=5'),
      max_completion_tokens: 400,
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) {
      expect(chunk.choices).to.have.length(1)
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text.trim().split(' ')).to.have.length(50)
    await job.reached('call.settled')
    const spent = usdMicrosOf(soldHere(), GPT_4O)
    expect(await job.books()).to.deep.equal({ spent: dollars(spent), reserved: '0.00' })
  })

  it('an app that asked for the usage gets every byte as the vendor sent it', async () => {
    const body = chat('tell me #tokens=30', { stream_options: { include_usage: true } })
    const told = await askChat(body)
    const vendors = await askVendor(body)
    expect(withoutIds(told.text)).to.equal(withoutIds(vendors.text))
    expect(told.text)
      .to.contain('"prompt_tokens"')
      .and.to.match(/data: \[DONE\]\n\n$/)
  })

  it('one that did not gets every other byte, also where events are torn into single bytes', async () => {
    const fault = { kind: 'drip', when: 'after', chunkBytes: 7, everyMs: 0 } as const
    await llm.openai.control.addFault({ fault })
    const asked = chat('tell me #tokens=8')
    const told = await askChat(asked)
    const vendors = await askVendor(chat('tell me #tokens=8', { stream_options: { include_usage: true } }))
    const events = vendors.text.split('\n\n').filter((event) => !event.includes('"choices":[]'))
    expect(withoutIds(told.text)).to.equal(withoutIds(events.join('\n\n')))
  })

  it('a response streams with its usage in the last event', async () => {
    const stream = await openaiOf(pod).responses.create({
      model: 'gpt-4o',
      input: 'tell me #tokens=20',
      max_output_tokens: 300,
      stream: true,
    })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types.at(-1)).to.equal('response.completed')
    await job.reached('call.settled')
    const spent = usdMicrosOf(soldHere(), GPT_4O)
    expect(await job.books()).to.deep.equal({ spent: dollars(spent), reserved: '0.00' })
  })

  it('a message of Anthropic’s streams, and is settled by its cumulative usage', async () => {
    const stream = anthropicOf(pod).messages.stream({
      model: 'claude-opus-5-5',
      max_tokens: 200,
      messages: messages('tell me #tokens=25 #cached=100'),
    })
    const { usage } = await stream.finalMessage()
    await job.reached('call.settled')
    const micros = Math.ceil(usage.input_tokens * 4 + 25 * 20 + 100 * 0.2)
    expect(await job.books()).to.deep.equal({ spent: dollars(micros), reserved: '0.00' })
  })

  const BROKEN: readonly [string, number | 'in a character', 'reset' | 'end'][] = [
    ['in the middle of an event, by a reset', 700, 'reset'],
    ['in the middle of an event, as if that were all', 700, 'end'],
    ['in the middle of a character', 'in a character', 'reset'],
  ]
  for (const [where, at, how] of BROKEN) {
    it(`a stream that stops ${where} is settled at its bound`, async () => {
      const afterBytes = at === 'in a character' ? await bytesToCharacter() : at
      await llm.openai.control.addFault({ fault: { kind: 'cut', when: 'after', afterBytes, how } })
      await broken(askChat(chat('tell me #tokens=20')))
      await job.reached('call.settled')
      expect(await job.books()).to.deep.equal({ spent: dollars((await bound())[0] ?? 0), reserved: '0.00' })
    })
  }

  it('a broken stream is asked for again by the app, and bought anew', async () => {
    await llm.openai.control.addFault({ fault: { kind: 'cut', when: 'after', afterBytes: 700, how: 'reset' } })
    await broken(askChat(chat('tell me #tokens=20')))
    const told = await askChat(chat('tell me #tokens=20'))
    expect(told.text).to.contain('[DONE]')
    expect(told.headers['jobcap-replayed']).to.equal(undefined)
    await job.reached('call.settled', 2)
    expect(soldHere()).to.have.length(2)
  })

  it('one that ends early, as if that were all, is no answer for the replacement Pod: it is bought anew', async () => {
    await llm.openai.control.addFault({ fault: { kind: 'cut', when: 'after', afterBytes: 700, how: 'end' } })
    await broken(askChat(chat('tell me #tokens=20')))
    await job.reached('call.settled')
    pod = await job.replace(pod)
    const told = await askChat(chat('tell me #tokens=20'))
    expect(told.text).to.contain('[DONE]')
    expect(told.headers['jobcap-replayed']).to.equal(undefined)
    expect(soldHere()).to.have.length(2)
  })

  for (const usage of ['missing', 'negative', 'fraction']) {
    it(`a usage that is ${usage} is not believed: the bound is spent`, async () => {
      await askChat(chat(`tell me #tokens=20 #usage=${usage}`))
      await job.reached('call.settled')
      expect(await job.books()).to.deep.equal({ spent: dollars((await bound())[0] ?? 0), reserved: '0.00' })
    })
  }

  it('a usage above the bound is booked in full, and flagged', async () => {
    await askChat(chat('tell me #tokens=20 #usage=huge'))
    await job.reached('call.settled')
    const [settled] = (await job.audit()).filter((event) => event.event === 'call.settled')
    expect(settled?.isOverrun).to.equal(true)
    expect(settled?.spentUsdMicros).to.be.above(9_000_000 * 10)
  })

  it('an app that leaves in the middle: the vendor is read to its end, and what it used is spent', async () => {
    const fault = { kind: 'drip', when: 'after', chunkBytes: 400, everyMs: 20 } as const
    await llm.openai.control.addFault({ fault })
    const leaving = new AbortController()
    const stream = await openaiOf(pod, { retries: 0 }).chat.completions.create(
      { model: 'gpt-4o', messages: messages('tell me #tokens=40'), max_completion_tokens: 400, stream: true },
      { signal: leaving.signal },
    )
    for await (const _ of stream) break
    leaving.abort()
    await job.reached('call.settled')
    const spent = usdMicrosOf(soldHere(), GPT_4O)
    expect(await job.books()).to.deep.equal({ spent: dollars(spent), reserved: '0.00' })
  })

  it('a settled stream is replayed from the record to the replacement Pod', async () => {
    const first = await askChat(chat('tell me #tokens=20'))
    await job.reached('call.settled')
    pod = await job.replace(pod)
    const again = await askChat(chat('tell me #tokens=20'))
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(again.headers['content-type']).to.contain('text/event-stream')
    expect(again.text).to.equal(first.text)
    expect(soldHere()).to.have.length(1)
  })

  it('one too large to keep is bought anew by the replacement Pod', async () => {
    const body = chat('tell me #tokens=300 #bytes=3000')
    await askChat(body)
    await job.reached('call.settled')
    pod = await job.replace(pod)
    const again = await askChat(body)
    expect(again.headers['jobcap-replayed']).to.equal(undefined)
    expect(soldHere()).to.have.length(2)
  })
})
