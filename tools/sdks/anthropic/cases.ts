import type { Sdk, SdkCase, Step } from '../case.ts'
import { raises, value } from '../sees.ts'
import { casesOfTokens } from '../token-cases.ts'

const TOLD = value({ output: 50, stop: 'end_turn' })

/** A message of 50 tokens, 12 of input by the stand-in's count: $0.000024 and $0.0005. */
const ONE_USD = '0.000524'

/** The SDK asks twice: for the call of the app's function, then with what that said. */
const RUN_TOOLS: readonly Step[] = [
  { call: 'run_tools', sees: value({ words: 3, cities: ['Wien'] }) },
  { call: 'run_tools', with: { stream: true }, sees: value({ words: 3, cities: ['Wien'] }) },
]

/** Their tool runners ask for a thread that Anthropic holds. */
const asksForThreads = ({ language, version }: Sdk): boolean => version.startsWith(language === 'node' ? '1.' : '2.')

export const CASES: readonly SdkCase[] = casesOfTokens({
  seller: 'Anthropic',
  purchase: 'a message',
  call: 'message',
  told: TOLD,
  spentUsd: { one: ONE_USD, two: '0.001048', five: '0.00262' },
  own: [
    {
      id: 'common-calls',
      title: 'tokens counted for nothing, a tool call, a picture in base64',
      steps: [
        { call: 'count', sees: value({ input: 12 }) },
        { call: 'tool', sees: value({ stop: 'tool_use', tool: 'weather' }) },
        { call: 'vision', sees: TOLD },
      ],
      truth: { effects: 2, spentUsd: null, vendorCalls: 3 },
    },
    {
      id: 'stream',
      title: 'a stream, read event by event and settled by the usage in it',
      steps: [{ call: 'stream', sees: value({ pieces: 50, output: 50 }) }],
      truth: { effects: 1, spentUsd: ONE_USD, vendorCalls: 1 },
    },
    {
      id: 'helpers',
      title: 'what the SDK puts together out of a stream is whole, and an output of a schema is parsed',
      steps: [
        { call: 'stream_tool', sees: value({ tool: 'weather', city: 'Wien' }) },
        { call: 'parse', sees: value({ city: 'Wien' }) },
      ],
      truth: { effects: 2, spentUsd: null, vendorCalls: 2 },
    },
    {
      id: 'run-tools',
      title: 'the SDK runs a function of the app between two calls, each of which is paid once, streams too',
      only: (sdk) => !asksForThreads(sdk),
      steps: RUN_TOOLS,
      truth: { effects: 4, spentUsd: null, vendorCalls: 4 },
    },
    {
      id: 'run-tools-without-a-thread',
      title:
        'a thread that Anthropic would hold is refused, and the SDK goes on by itself with all messages in each call',
      only: asksForThreads,
      steps: RUN_TOOLS,
      truth: { effects: 4, spentUsd: null, vendorCalls: 4, refusals: { price_unbounded: 2 } },
    },
    {
      id: 'streams-alike',
      title: 'ten identical streams, one after the other, are ten calls, by the helper too',
      steps: [
        { call: 'streams_alike', with: { n: 10 }, sees: value({ ids: 10 }) },
        { call: 'helpers_alike', with: { n: 10 }, sees: value({ ids: 10 }) },
      ],
      truth: { effects: 20, spentUsd: null, vendorCalls: 20 },
    },
    {
      id: 'stream-cut',
      title: 'a stream that is reset in its middle: an exception, and the purchase counts at its bound',
      faults: [{ fault: { kind: 'cut', when: 'after', afterBytes: 2_000, how: 'reset' } }],
      steps: [{ call: 'stream', sees: raises({ class: { node: 'AnthropicError', python: 'RemoteProtocolError' } }) }],
      truth: { effects: 1, spentUsd: null, lost: 1, vendorCalls: 1 },
      shows: 'a stream breaks off',
    },
    {
      id: 'models',
      title: 'the list of models is read to its end, page by page, and costs nothing',
      steps: [{ call: 'models', sees: value({ count: 4 }) }],
      truth: { effects: 0, spentUsd: '0.00', vendorCalls: 2 },
    },
  ],
})
