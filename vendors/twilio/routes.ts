import type { CallText } from '../../contract/vendor.ts'

/** Apps are given this account: SDKs accept its shape, and no account of Twilio's is called so. */
export const PLACEHOLDER_ACCOUNT = `AC${'0'.repeat(32)}`

const VERSION = '/2010-04-01'
const ACCOUNT_PATH = /^(\/2010-04-01\/Accounts\/)(AC[0-9a-fA-F]{32})(?=\/|\.json$|$)/
const SID = /^[A-Z]{2}[0-9a-fA-F]{32}$/

/** What is known of a route that changes something. */
export type TwilioRoute = 'message' | 'call' | 'hang_up' | 'free'

/** After the account, `*` for an id. A route not named here is refused. https://www.twilio.com/docs/usage/api */
const ROUTES: ReadonlyMap<string, TwilioRoute> = new Map<string, TwilioRoute>([
  ['POST Messages', 'message'],
  ['POST Messages/*', 'free'],
  ['DELETE Messages/*', 'free'],
  ['POST Messages/*/Feedback', 'free'],
  ['DELETE Messages/*/Media/*', 'free'],
  ['POST Calls', 'call'],
  // Any other change of a call that is up may make it dial on, or last longer.
  ['POST Calls/*', 'hang_up'],
  ['DELETE Calls/*', 'free'],
  ['DELETE Recordings/*', 'free'],
  ['DELETE Calls/*/Recordings/*', 'free'],
])

/** Undefined: what it costs is not known. */
export function findTwilioRoute({ method, path }: CallText): TwilioRoute | undefined {
  if (accountOfPath(path) === undefined || !path.endsWith('.json')) return undefined
  const rest = templatePath(path).slice(`${VERSION}/Accounts/*/`.length, -'.json'.length)
  return ROUTES.get(`${method} ${rest}`)
}

/** The account in a path; undefined when there is none. */
export function accountOfPath(path: string): string | undefined {
  return ACCOUNT_PATH.exec(path)?.[2]
}

export function withAccount(path: string, account: string): string {
  return path.replace(ACCOUNT_PATH, (_, before: string) => before + account)
}

/** The API of 2010, whose pages name each other without a host; newer products write whole addresses. */
export function isFirstApi(path: string): boolean {
  return path.startsWith(`${VERSION}/`)
}

/** Reads that cost nothing. Twilio sells some reads (Lookup), so those of other products are not taken for free. */
export function isFreeRead(path: string): boolean {
  return isFirstApi(path) || /^\/v[12]\/Services(?:\/|$)/.test(path)
}

/** Account and ids as `*`. */
export function templatePath(path: string): string {
  return path
    .split('/')
    .map((segment) => {
      const [name = '', ...extension] = segment.split('.')
      return SID.test(name) ? ['*', ...extension].join('.') : segment
    })
    .join('/')
}

/** For a policy: ids as `*`, and whatever else has a digit, such as a number that is looked up. */
export function patternOf(path: string): string {
  return templatePath(path)
    .split('/')
    .map((segment) => (/^\*|[0-9]/.test(segment) && !/^(v[0-9]+|2010-04-01)$/.test(segment) ? '*' : segment))
    .join('/')
}
