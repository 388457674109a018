// An app that uses openai-node. One JSON line in is one call; one JSON line out is what the app saw of it.
import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { serve } from '../around/serve.mjs'

const { way, port, vendorPort } = JSON.parse(process.env.SDK_AT)

/** As the makers' page says it: constructor option, or `OPENAI_BASE_URL`. */
const pointed = {
  prefix: { baseURL: `http://localhost:${port}/openai/v1` },
  host: { baseURL: `http://openai.localhost:${port}/v1` },
  port: { baseURL: `http://127.0.0.1:${vendorPort}/v1` },
  environment: {},
}
const openai = new OpenAI({ apiKey: 'sk-proj-placeholder', ...pointed[way] })

const asked = ({ say = 'tell me #tokens=50', ...more } = {}) => ({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: say }],
  max_completion_tokens: 100,
  ...more,
})
const answered = ({ say = 'tell me #tokens=50', ...more } = {}) => ({
  model: 'gpt-4o',
  input: say,
  max_output_tokens: 100,
  ...more,
})
const Place = z.object({ city: z.string() })
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const wordsIn = (text) => text.trim().split(' ').length
const shown = ({ id, usage, choices }) => ({ id, output: usage.completion_tokens, finish: choices[0].finish_reason })

const calls = {
  async chat(more) {
    return shown(await openai.chat.completions.create(asked(more)))
  },
  /** The same parameters in another order. */
  async chat_reordered(more) {
    return shown(await openai.chat.completions.create(Object.fromEntries(Object.entries(asked(more)).reverse())))
  },
  async stream(more) {
    let text = ''
    let usages = 0
    for await (const chunk of await openai.chat.completions.create({ ...asked(more), stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.usage) usages += 1
    }
    return { words: wordsIn(text), usages }
  },
  /** One after the other, each read to its end. */
  async streams_alike({ n }) {
    const ids = new Set()
    for (let turn = 0; turn < n; turn += 1) {
      for await (const chunk of await openai.chat.completions.create({ ...asked(), stream: true })) ids.add(chunk.id)
    }
    return { ids: ids.size }
  },
  async responses_alike({ n }) {
    const ids = new Set()
    for (let turn = 0; turn < n; turn += 1) {
      const events = await openai.responses.create({ ...answered(), stream: true })
      for await (const { type, response } of events) if (type === 'response.completed') ids.add(response.id)
    }
    return { ids: ids.size }
  },
  /** `chat.completions.stream`, which puts the chunks together. */
  async chat_stream() {
    const stream = openai.chat.completions.stream(asked())
    let pieces = 0
    stream.on('content', () => {
      pieces += 1
    })
    const made = await stream.finalChatCompletion()
    const { finish_reason, message } = made.choices[0]
    return { pieces, words: wordsIn(message.content), finish: finish_reason }
  },
  /** `responses.stream`, which puts the events together. */
  async response_stream() {
    const stream = openai.responses.stream(answered({ say: 'tell me #reasoning=10 #tokens=50' }))
    let pieces = 0
    stream.on('response.output_text.delta', () => {
      pieces += 1
    })
    const made = await stream.finalResponse()
    return { pieces, words: wordsIn(made.output_text), status: made.status, output: made.usage.output_tokens }
  },
  async response_stream_tool() {
    const tools = [{ type: 'function', name: 'weather', strict: false, parameters: PARAMETERS }]
    const stream = openai.responses.stream({ ...answered({ say: 'call #tool=weather #tokens=50' }), tools })
    const call = (await stream.finalResponse()).output.find(({ type }) => type === 'function_call')
    return { tool: call.name, city: JSON.parse(call.arguments).city }
  },
  async parse_chat() {
    const response_format = zodResponseFormat(Place, 'place')
    const made = await openai.chat.completions.parse({ ...asked(), response_format })
    return { city: made.choices[0].message.parsed.city }
  },
  async parse_response() {
    const text = { format: zodTextFormat(Place, 'place') }
    return { city: (await openai.responses.parse({ ...answered(), text })).output_parsed.city }
  },
  /** `runTools` calls the app's function and asks again with what it said. */
  async run_tools() {
    const asked_of = []
    const weather = { name: 'weather', parameters: PARAMETERS, description: 'of a city', parse: JSON.parse }
    weather.function = ({ city }) => {
      asked_of.push(city)
      return 'sunny and warm'
    }
    const tools = [{ type: 'function', function: weather }]
    const runner = openai.chat.completions.runTools({ ...asked({ say: 'call #tool=weather #tokens=50' }), tools })
    return { words: wordsIn(await runner.finalContent()), cities: asked_of }
  },
  async tool() {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: PARAMETERS } }]
    const made = await openai.chat.completions.create({ ...asked({ say: 'call #tool=weather #tokens=50' }), tools })
    return { finish: made.choices[0].finish_reason, tool: made.choices[0].message.tool_calls[0].function.name }
  },
  async vision() {
    const image_url = { url: `data:image/png;base64,${'A'.repeat(400_000)}` }
    const content = [
      { type: 'text', text: 'what is this #tokens=50' },
      { type: 'image_url', image_url },
    ]
    return shown(await openai.chat.completions.create({ ...asked(), messages: [{ role: 'user', content }] }))
  },
  async response() {
    const made = await openai.responses.create(answered())
    return { status: made.status, output: made.usage.output_tokens }
  },
  async embeddings({ count }) {
    const input = Array.from({ length: count }, (_, at) => `text ${at}`)
    const made = await openai.embeddings.create({ model: 'text-embedding-3-small', input })
    return { count: made.data.length }
  },
  async models() {
    const ids = []
    for await (const { id } of openai.models.list()) ids.push(id)
    return { count: ids.length }
  },
  async moderation() {
    return { flagged: (await openai.moderations.create({ input: 'hello' })).results[0].flagged }
  },
  async count_tokens() {
    return { input: (await openai.responses.inputTokens.count({ model: 'gpt-4o', input: 'hello' })).input_tokens }
  },
  async parallel({ n }) {
    const made = await Promise.all(Array.from({ length: n }, () => openai.chat.completions.create(asked())))
    return { count: made.length, ids: new Set(made.map(({ id }) => id)).size }
  },
  async unlisted() {
    return await openai.images.generate({ model: 'gpt-image-1', prompt: 'a cat' })
  },
}

await serve(calls, { statusOf: ({ status }) => status })
