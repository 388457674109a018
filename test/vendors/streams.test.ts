import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { ModelPrice } from '../../contract/pricing.ts'
import type { AnswerReader } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'

const PRICES = {
  inputPerMillionUsdMicros: 2_000_000,
  outputPerMillionUsdMicros: 8_000_000,
  cacheReadPerMillionUsdMicros: 1_000_000,
  cacheWritePerMillionUsdMicros: 2_500_000,
  cacheWriteHourPerMillionUsdMicros: 4_000_000,
}
const MODEL: ModelPrice = { model: 'm', base: PRICES, long: null, contextTokens: null }
const BOUND = { kind: 'priced', totalUsdMicros: 1_000_000 as UsdMicros, object: null, model: MODEL } as const

const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`
const named = (event: { readonly type: string }) => `event: ${event.type}\n${data(event)}`
const TEXTS = ['schön', ' 日本', ' 👋🏽', ' "usage":{ data: [DONE]\n\n']

const piece = (content: string, more: object = {}) =>
  data({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })
const USAGE = { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 }
const USAGE_CHUNK = data({ id: 'c', choices: [], usage: USAGE })
const CHAT = `${TEXTS.map((text) => piece(text)).join('')}${USAGE_CHUNK}data: [DONE]\n\n`
const NAMED_END = ': bye\nevent: done\ndata:[DONE]\n\n'
/** As several vendors of this protocol do it: each chunk says what was used up to it. */
const CUMULATIVE = `${TEXTS.map((text, at) =>
  piece(text, { usage: { prompt_tokens: 100, completion_tokens: at + 1, total_tokens: 101 + at } }),
).join('')}${piece('', { usage: USAGE })}data: [DONE]\n\n`
const RESPONSE = [
  named({ type: 'response.created', ...{ response: { id: 'r', status: 'in_progress', usage: null } } }),
  ...TEXTS.map((delta) => named({ type: 'response.output_text.delta', ...{ delta } })),
  named({
    type: 'response.completed',
    ...{ response: { id: 'r', usage: { input_tokens: 100, output_tokens: 50, total_tokens: 150 } } },
  }),
].join('')
const MESSAGE = [
  named({ type: 'message_start', ...{ message: { id: 'm', usage: { input_tokens: 100, output_tokens: 1 } } } }),
  ...TEXTS.map((text) => named({ type: 'content_block_delta', ...{ delta: { type: 'text_delta', text } } })),
  named({ type: 'message_delta', ...{ delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 50 } } }),
  named({ type: 'message_stop' }),
].join('')

/** 100 tokens in and 50 out. */
const WHOLE_PRICE = 600n

const PROTOCOLS: readonly (readonly [
  name: string,
  stream: string,
  type: 'openai' | 'anthropic',
  hidesUsage: boolean,
])[] = [
  ['a chat whose usage the app asked for', CHAT, 'openai', false],
  ['a chat whose usage is kept from the app', CHAT, 'openai', true],
  ['a chat that says its usage in every chunk', CUMULATIVE, 'openai', false],
  ['a chat whose end has a name and a comment', CHAT.replace(/data: \[DONE]\n\n$/, NAMED_END), 'openai', false],
  ['a response', RESPONSE, 'openai', false],
  ['a message', MESSAGE, 'anthropic', false],
]

function readerOf(type: 'openai' | 'anthropic', hidesUsage: boolean): AnswerReader {
  const reader = costingOf(type).reader?.(BOUND, hidesUsage)
  if (reader === undefined) throw new Error(`${type} reads no streams`)
  return reader
}

/** What the app gets of these bytes, which come in parts of this size. */
function read(reader: AnswerReader, bytes: Buffer, partBytes: number): Buffer {
  const given: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += partBytes) given.push(...reader.next(bytes.subarray(at, at + partBytes)))
  given.push(reader.rest())
  return Buffer.concat(given)
}

describe('the reader of a stream', () => {
  for (const [name, stream, type, hidesUsage] of PROTOCOLS) {
    const bytes = Buffer.from(stream)
    const forApp = hidesUsage ? stream.replace(USAGE_CHUNK, '') : stream

    it(`${name}: costs the same and loses no byte, in whatever parts it comes`, () => {
      for (const partBytes of [1, 2, 3, 5, 64, 1_000, bytes.length]) {
        const reader = readerOf(type, hidesUsage)
        expect(read(reader, bytes, partBytes).toString(), `parts of ${partBytes}`).to.equal(forApp)
        expect([reader.price(), reader.isComplete()], `parts of ${partBytes}`).to.deep.equal([WHOLE_PRICE, true])
      }
    })

    it(`${name}: cut after any byte it has no price, and is not complete`, () => {
      for (let length = 0; length < bytes.length - 1; length += 1) {
        const reader = readerOf(type, hidesUsage)
        const given = read(reader, bytes.subarray(0, length), 50)
        expect([reader.price(), reader.isComplete()], `${length} bytes`).to.deep.equal([undefined, false])
        const text = given.toString().replace(/\ufffd+$/, '')
        expect(forApp.startsWith(text) || stream.startsWith(text), `${length} bytes`).to.equal(true)
      }
    })
  }

  const WRONG: readonly (readonly [what: string, usage: object | null])[] = [
    ['null', null],
    ['empty', {}],
    ['without output', { prompt_tokens: 1 }],
    ['negative', { prompt_tokens: -1, completion_tokens: 1 }],
    ['of half a token', { prompt_tokens: 1, completion_tokens: 0.5 }],
    ['in words', { prompt_tokens: '1', completion_tokens: 1 }],
    ['past what a double holds', { prompt_tokens: 1, completion_tokens: 1e300 }],
    ['with more from the cache than there was', { prompt_tokens: 1, completion_tokens: 1, ...cached(2) }],
    ['with sound in it', { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { audio_tokens: 3 } }],
  ]
  for (const [what, usage] of WRONG) {
    it(`a usage that is ${what} is no price, also after one that was good`, () => {
      const bad = data({ id: 'c', choices: [], usage })
      for (const stream of [`${bad}data: [DONE]\n\n`, `${USAGE_CHUNK}${usage === null ? '' : bad}data: [DONE]\n\n`]) {
        const reader = readerOf('openai', false)
        read(reader, Buffer.from(stream), 1_000)
        expect(reader.price(), stream).to.equal(
          usage === null && stream.startsWith(USAGE_CHUNK) ? WHOLE_PRICE : undefined,
        )
        expect(reader.isComplete()).to.equal(true)
      }
    })
  }

  it('a message keeps the figures that its last usage leaves out, or gives as null', () => {
    const stream = MESSAGE.replace('"input_tokens":100', '"input_tokens":100,"cache_read_input_tokens":40').replace(
      '"usage":{"output_tokens":50}',
      '"usage":{"output_tokens":50,"input_tokens":null,"cache_read_input_tokens":null}',
    )
    const reader = readerOf('anthropic', false)
    read(reader, Buffer.from(stream), 1_000)
    expect(reader.price()).to.equal(WHOLE_PRICE + 40n)
  })

  for (const [what, usage] of [
    ['negative', { output_tokens: -50 }],
    ['missing', undefined],
    ['of half a token', { output_tokens: 0.5 }],
    ['with a search of Anthropic’s in it', { output_tokens: 50, server_tool_use: { web_search_requests: 1 } }],
  ] as const) {
    it(`a message whose last usage is ${what} has no price`, () => {
      const stream = MESSAGE.replace(
        /,"usage":\{"output_tokens":50\}/,
        usage === undefined ? '' : `,"usage":${JSON.stringify(usage)}`,
      )
      expect(stream).to.not.equal(MESSAGE)
      const reader = readerOf('anthropic', false)
      read(reader, Buffer.from(stream), 1_000)
      expect([reader.price(), reader.isComplete()]).to.deep.equal([undefined, true])
    })
  }
})

function cached(tokens: number): object {
  return { prompt_tokens_details: { cached_tokens: tokens } }
}
