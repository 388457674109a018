// An app that uses openai-node. One JSON line in is one call; one JSON line out is what the app saw of it.
import OpenAI from 'openai'
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
    return { words: text.trim().split(' ').length, usages }
  },
  async tool() {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }]
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
    const made = await openai.responses.create({ model: 'gpt-4o', input: 'tell me #tokens=50', max_output_tokens: 100 })
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
  async parallel({ n }) {
    const made = await Promise.all(Array.from({ length: n }, () => openai.chat.completions.create(asked())))
    return { count: made.length, ids: new Set(made.map(({ id }) => id)).size }
  },
  async unlisted() {
    return await openai.images.generate({ model: 'gpt-image-1', prompt: 'a cat' })
  },
}

await serve(calls, { statusOf: ({ status }) => status })
