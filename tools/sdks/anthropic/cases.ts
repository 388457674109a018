import type { SdkCase } from '../case.ts'
import { raises, value } from '../sees.ts'
import { casesOfTokens } from '../token-cases.ts'

const TOLD = value({ output: 50, stop: 'end_turn' })

/** A message of 50 tokens, 12 of input by the stand-in's count: $0.000024 and $0.0005. */
const ONE_USD = '0.000524'

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
