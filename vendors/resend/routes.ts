import type { CallText } from '../../contract/vendor.ts'

/** What is known of a route that changes something. */
export type ResendRoute = 'email' | 'batch' | 'free'

/**
 * `*` for an id. A route not named here is refused: a new or changed contact and an event may set off an automation that
 * sends mail, a broadcast goes to any number, and a new API key would be a secret in the Pod.
 * https://resend.com/docs/api-reference
 */
const ROUTES: ReadonlyMap<string, ResendRoute> = new Map<string, ResendRoute>([
  ['POST /emails', 'email'],
  ['POST /emails/batch', 'batch'],
  ['PATCH /emails/*', 'free'],
  ['POST /emails/*/cancel', 'free'],
  ['POST /domains/*/verify', 'free'],
  ['POST /templates', 'free'],
  ['PATCH /templates/*', 'free'],
  ['POST /templates/*/publish', 'free'],
  ['DELETE /templates/*', 'free'],
  ['POST /topics', 'free'],
  ['PATCH /topics/*', 'free'],
  ['DELETE /topics/*', 'free'],
  ['POST /suppressions', 'free'],
  ['DELETE /contacts/*', 'free'],
  ['DELETE /broadcasts/*', 'free'],
  ['POST /broadcasts/*/cancel', 'free'],
])

/** Undefined: what it costs is not known. */
export function findResendRoute({ method, path }: CallText): ResendRoute | undefined {
  return ROUTES.get(`${method} ${path}`) ?? ROUTES.get(`${method} ${resendTemplate(path)}`)
}

/** The second segment is an id, but for the one word that stands there. */
export function resendTemplate(path: string): string {
  const [, resource = '', id, ...rest] = path.split('/')
  if (id === undefined || (resource === 'emails' && id === 'batch')) return path
  return ['', resource, '*', ...rest].join('/')
}
