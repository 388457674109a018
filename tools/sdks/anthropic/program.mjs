// An app that uses @anthropic-ai/sdk. One JSON line in is one call; one JSON line out is what the app saw of it.
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema'
import { serve } from '../around/serve.mjs'

const { way, port, vendorPort } = JSON.parse(process.env.SDK_AT)

/** As the makers' page says it: constructor option, or `ANTHROPIC_BASE_URL`. */
const pointed = {
  prefix: { baseURL: `http://localhost:${port}/anthropic` },
  host: { baseURL: `http://anthropic.localhost:${port}` },
  port: { baseURL: `http://127.0.0.1:${vendorPort}` },
  environment: {},
}
const anthropic = new Anthropic({ apiKey: 'sk-ant-api03-placeholder', ...pointed[way] })

const asked = ({ say = 'tell me #tokens=50', ...more } = {}) => ({
  model: 'claude-sonnet-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: say }],
  ...more,
})
const PLACE = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const shown = ({ id, usage, stop_reason }) => ({ id, output: usage.output_tokens, stop: stop_reason })

const calls = {
  async message(more) {
    return shown(await anthropic.messages.create(asked(more)))
  },
  /** The same parameters in another order. */
  async message_reordered(more) {
    return shown(await anthropic.messages.create(Object.fromEntries(Object.entries(asked(more)).reverse())))
  },
  async stream(more) {
    const stream = anthropic.messages.stream(asked(more))
    let pieces = 0
    for await (const { type } of stream) if (type === 'content_block_delta') pieces += 1
    const { usage } = await stream.finalMessage()
    return { pieces, output: usage.output_tokens }
  },
  /** One after the other, each read to its end. */
  async streams_alike({ n }) {
    const ids = new Set()
    for (let turn = 0; turn < n; turn += 1) {
      for await (const event of await anthropic.messages.create({ ...asked(), stream: true })) {
        if (event.type === 'message_start') ids.add(event.message.id)
      }
    }
    return { ids: ids.size }
  },
  async helpers_alike({ n }) {
    const ids = new Set()
    for (let turn = 0; turn < n; turn += 1) ids.add((await anthropic.messages.stream(asked()).finalMessage()).id)
    return { ids: ids.size }
  },
  async stream_tool() {
    const tools = [{ name: 'weather', input_schema: PLACE }]
    const stream = anthropic.messages.stream({ ...asked({ say: 'call #tool=weather #tokens=50' }), tools })
    const { name, input } = (await stream.finalMessage()).content.find(({ type }) => type === 'tool_use')
    return { tool: name, city: input.city }
  },
  async parse() {
    const output_config = { format: jsonSchemaOutputFormat(PLACE) }
    return { city: (await anthropic.messages.parse({ ...asked(), output_config })).parsed_output.city }
  },
  /** `toolRunner` calls the app's function and asks again with what it said. */
  async run_tools({ stream = false }) {
    const cities = []
    const run = ({ city }) => {
      cities.push(city)
      return 'sunny and warm'
    }
    const tools = [betaTool({ name: 'weather', description: 'of a city', inputSchema: PLACE, run })]
    const say = 'call #tool=weather #tokens=50'
    const made = await anthropic.beta.messages.toolRunner({ ...asked({ say }), tools, stream })
    return { words: made.content[0].text.trim().split(' ').length, cities }
  },
  async tool() {
    const tools = [{ name: 'weather', input_schema: PLACE }]
    const made = await anthropic.messages.create({ ...asked({ say: 'call #tool=weather #tokens=50' }), tools })
    return { stop: made.stop_reason, tool: made.content.find(({ type }) => type === 'tool_use').name }
  },
  async vision() {
    const source = { type: 'base64', media_type: 'image/png', data: 'A'.repeat(400_000) }
    const content = [
      { type: 'image', source },
      { type: 'text', text: 'what is this #tokens=50' },
    ]
    return shown(await anthropic.messages.create({ ...asked(), messages: [{ role: 'user', content }] }))
  },
  async count() {
    const { model, messages } = asked()
    return { input: (await anthropic.messages.countTokens({ model, messages })).input_tokens }
  },
  async models() {
    const ids = []
    for await (const { id } of anthropic.models.list()) ids.push(id)
    return { count: ids.length }
  },
  async parallel({ n }) {
    const made = await Promise.all(Array.from({ length: n }, () => anthropic.messages.create(asked())))
    return { count: made.length, ids: new Set(made.map(({ id }) => id)).size }
  },
  async unlisted() {
    return await anthropic.messages.batches.create({ requests: [{ custom_id: 'one', params: asked() }] })
  },
}

await serve(calls, {
  statusOf: ({ status }) => status,
  codeOf: ({ error: body }) => body?.error?.code ?? null,
})
