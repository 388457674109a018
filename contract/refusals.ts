import { REFUSED_HEADER, SHOULD_RETRY_HEADERS } from './headers.ts'
import { REFUSALS, type RefusalCode } from './refusal-catalogue.ts'

export { REFUSALS, type RefusalCode } from './refusal-catalogue.ts'
export type { RefusalEntry } from './refusal-entry.ts'

/** A refusal as a value. `message` is for the caller: it names figures and names, never a secret. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  /** Further fields of the JSON body, for example level, limit and spent of `cap_exhausted`. Snake case. */
  readonly details?: Readonly<Record<string, string | number | null>>
  /** What the vendor's own SDK reads within `error`, and then goes another way by itself. */
  readonly errorDetails?: Readonly<Record<string, string | readonly string[]>>
}

/** A refusal of this code; without a message, with what the catalogue says of it. */
export function refusal(code: RefusalCode, message?: string, details?: Refusal['details']): Refusal {
  return { code, message: message ?? messageOf(code), ...(details === undefined ? {} : { details }) }
}

/** What happened, and the way out: most apps show the message alone. Where nothing is to be done, that need not be said. */
function messageOf(code: RefusalCode): string {
  const { summary, wayOut } = REFUSALS[code]
  return wayOut.startsWith('Nothing') ? summary : `${summary} ${wayOut}`
}

/** `body`: what is over the limit, such as the decoded body. */
export function bodyTooLarge(limitBytes: number, body = 'body'): Refusal {
  return refusal(
    'body_too_large',
    `The ${body} is over the limit of ${limitBytes} bytes: send less at once, or raise \`maxBodyKiB\` in the policy.`,
  )
}

/** One JSON body that every SDK parses. */
export function refusalBody(refused: Refusal): string {
  const { code, message, details, errorDetails } = refused
  // Resend's SDKs read `name` and `statusCode`; Stripe's, OpenAI's and Anthropic's read `error`; Twilio's read `code`.
  const forResend = { name: code, statusCode: REFUSALS[code].status }
  // The AI SDK hands on a message of Anthropic's only under this word.
  const forAnthropic = { type: 'error' }
  const error = {
    type: errorType(code),
    code,
    message,
    ...(errorDetails === undefined ? {} : { details: errorDetails }),
  }
  return JSON.stringify({ code, message, ...details, ...forResend, ...forAnthropic, error })
}

/** Twilio's SDKs for languages in which `code` must be a number: they lose a refusal whose code is a text, and its status. */
const READS_NUMBERS = /^twilio-(go|java|csharp|php)\//

/**
 * A body made by `refusalBody`, as the SDK with this User-Agent can read it: `code` is then 20000 and the status, as with
 * most of Twilio's own, such as 20429. `name` and `error.code` keep ours.
 */
export function refusalBodyFor(userAgent: string | undefined, body: string): string {
  if (userAgent === undefined || !READS_NUMBERS.test(userAgent)) return body
  const said = JSON.parse(body) as Readonly<Record<string, unknown>>
  const status = Number(said['statusCode'])
  return JSON.stringify({ ...said, code: 20_000 + status, status })
}

/** Headers that go with `refusalBody`, lower case. */
export function refusalHeaders(refused: Refusal): Record<string, string> {
  const shouldRetry = String(REFUSALS[refused.code].isRetryable)
  return {
    'content-type': 'application/json',
    [REFUSED_HEADER]: refused.code,
    ...Object.fromEntries(SHOULD_RETRY_HEADERS.map((name) => [name, shouldRetry])),
  }
}

/** Whether a text, for example of a response's header, is a code of the catalogue. */
export function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(REFUSALS, text)
}

/** OpenAI's word for what is spent: clients that ask again at any other 429 for minutes, such as Rust's async-openai, know it. */
const SPENT = 'insufficient_quota'

function errorType(code: RefusalCode): string {
  const { status } = REFUSALS[code]
  if (status === 429) return SPENT
  return status >= 500 ? 'api_error' : 'invalid_request_error'
}
