import type { SdkCase, See } from '../case.ts'
import { raises, value } from '../sees.ts'
import { casesOfTokens } from '../token-cases.ts'

const TOLD = value({ output: 50, finish: 'stop' })

/** A completion of 50 tokens, 12 of input by the stand-in's count: $0.00003 and $0.0005. */
const ONE_USD = '0.00053'

/** Up to its second version openai-python lets the error of its HTTP client through. */
const BROKEN_OFF: See = (told, where) => {
  const isOld = where.sdk.version.startsWith('2.')
  const python = isOld ? 'RemoteProtocolError' : 'APIConnectionError'
  return raises({ class: { node: 'TypeError', python } })(told, where)
}

export const CASES: readonly SdkCase[] = casesOfTokens({
  seller: 'OpenAI',
  purchase: 'a chat completion',
  call: 'chat',
  told: TOLD,
  spentUsd: { one: ONE_USD, two: '0.00106', five: '0.00265' },
  own: [
    {
      id: 'common-calls',
      title: 'a response, a batch of embeddings, a tool call, a picture by data URL',
      steps: [
        { call: 'response', sees: value({ status: 'completed', output: 50 }) },
        { call: 'embeddings', with: { count: 20 }, sees: value({ count: 20 }) },
        { call: 'tool', sees: value({ finish: 'tool_calls', tool: 'weather' }) },
        { call: 'vision', sees: TOLD },
      ],
      truth: { effects: 4, spentUsd: null, vendorCalls: 4 },
    },
    {
      id: 'stream',
      title: 'a stream, settled by a usage that the app never asked for and never sees',
      steps: [{ call: 'stream', sees: value({ words: 50, usages: 0 }) }],
      truth: { effects: 1, spentUsd: ONE_USD, vendorCalls: 1 },
    },
    {
      id: 'stream-helpers',
      title: 'what the SDK puts together out of the events of a stream is whole, a tool call too',
      steps: [
        { call: 'chat_stream', sees: value({ pieces: 50, words: 50, finish: 'stop' }) },
        { call: 'response_stream', sees: value({ pieces: 50, words: 50, status: 'completed', output: 60 }) },
        { call: 'response_stream_tool', sees: value({ tool: 'weather', city: 'Wien' }) },
      ],
      truth: { effects: 3, spentUsd: null, vendorCalls: 3 },
    },
    {
      id: 'parse',
      title: 'an output of a schema, which the SDK parses',
      steps: [
        { call: 'parse_chat', sees: value({ city: 'Wien' }) },
        { call: 'parse_response', sees: value({ city: 'Wien' }) },
      ],
      truth: { effects: 2, spentUsd: null, vendorCalls: 2 },
    },
    {
      id: 'run-tools',
      title: 'the SDK runs a function of the app between two calls, each of which is paid once',
      only: ({ language }) => language === 'node',
      steps: [{ call: 'run_tools', sees: value({ words: 3, cities: ['Wien'] }) }],
      truth: { effects: 2, spentUsd: null, vendorCalls: 2 },
    },
    {
      id: 'streams-alike',
      title: 'ten identical streams, one after the other, are ten calls, of either route',
      steps: [
        { call: 'streams_alike', with: { n: 10 }, sees: value({ ids: 10 }) },
        { call: 'responses_alike', with: { n: 10 }, sees: value({ ids: 10 }) },
      ],
      truth: { effects: 20, spentUsd: null, vendorCalls: 20 },
    },
    {
      id: 'stream-cut',
      title: 'a stream that is reset in its middle: an exception, and the purchase counts at its bound',
      faults: [{ fault: { kind: 'cut', when: 'after', afterBytes: 2_000, how: 'reset' } }],
      steps: [{ call: 'stream', sees: BROKEN_OFF }],
      truth: { effects: 1, spentUsd: null, lost: 1, vendorCalls: 1 },
      shows: 'a stream breaks off',
    },
    {
      id: 'models',
      title: 'the list of models is read to its end and costs nothing',
      steps: [{ call: 'models', sees: value({ count: 6 }) }],
      truth: { effects: 0, spentUsd: '0.00', vendorCalls: 1 },
    },
    {
      id: 'free',
      title: 'moderation, and counting the tokens of a request, cost nothing',
      steps: [
        { call: 'moderation', sees: value({ flagged: false }) },
        { call: 'count_tokens', sees: value({ input: 9 }) },
      ],
      truth: { effects: 0, spentUsd: '0.00', vendorCalls: 2 },
    },
  ],
})
