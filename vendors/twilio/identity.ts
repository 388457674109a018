import type { CallIdentity } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { appKeyOf } from '../content/app-key.ts'
import { canonicalBody, FORM_TYPE, mediaTypeOf, readBody, unreadable } from '../content/body.ts'
import { callDigest } from '../content/call-digest.ts'
import { DIGEST_NAME, digestOf, type Part } from '../content/digest.ts'
import { canonicalForm, type Field } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import { isFirstApi, isFreeRead, templatePath, withAccount } from './routes.ts'

/** Of the core digest. Without `To` there is no core. */
const CORE_FIELDS = ['To', 'From', 'MessagingServiceSid', 'Body']

/** What a Twilio call is. The account in the path is left out: it is the placeholder's or the real one, which mean the same. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  const problem = requestProblem(call) ?? twilioPathProblem(call)
  if (problem !== null) return problem
  const isRead = isReadMethod(call.method) && isFreeRead(call.path)
  const said = contentOf(call)
  if (isRefusal(said)) return said
  const { fields, content } = said
  // Twilio takes no key; one of the app's own still tells its calls apart here.
  const key = isRead ? null : appKeyOf(call, { appKeys, isSdkMade: () => false })
  if (isRefusal(key)) return key
  const path = withAccount(call.path, '*')
  return {
    route: `${call.method} ${templatePath(call.path)}`,
    kind: isRead ? 'read' : 'mutating',
    account: '',
    digest: callDigest(terms.name, { ...call, path }, content),
    core: isRead ? null : coreOf({ vendor: terms.name, method: call.method, path, fields }),
    key,
  }
}

/** `fields`: where the core is looked for. */
interface Content {
  readonly fields: readonly Field[]
  readonly content: readonly Part[]
}

/** Newer products take JSON too. */
function contentOf(call: CallText): Content | Refusal {
  const read = readBody(call)
  if (isRefusal(read)) return read
  if (read.kind !== 'none' && read.kind !== 'form' && !isFirstApi(call.path)) {
    const body = canonicalBody(call, read)
    return isRefusal(body) ? body : { fields: [], content: [mediaTypeOf(call), body] }
  }
  const fields = twilioFields(call)
  if (isRefusal(fields)) return fields
  return { fields, content: [fields.length === 0 ? '' : FORM_TYPE, canonicalForm(fields)] }
}

/** What else could pass one route off as another at Twilio: another ending than `.json`, which only changes the answer's form. */
export function twilioPathProblem({ method, path, body }: CallText): Refusal | null {
  if (path.endsWith('/')) return refusal('path_ambiguous', 'Twilio paths have no slash at the end.')
  if (isReadMethod(method)) {
    if (body.length === 0) return null
    return refusal('request_malformed', `A ${method} to Twilio has no body; its parameters go into the query.`)
  }
  // Newer products have no such ending, and none of their changes has a price here.
  if (path.endsWith('.json') || !isFirstApi(path)) return null
  return refusal('path_ambiguous', 'A path that changes something at Twilio ends in `.json`, in lower case.')
}

/** The parameters in the body, which Twilio takes as a form only. */
export function twilioFields(call: CallText): readonly Field[] | Refusal {
  const read = readBody(call)
  if (isRefusal(read)) return read
  if (read.kind === 'none') return []
  return read.kind === 'form' ? read.fields : unreadable(`Twilio takes forms; set the Content-Type to ${FORM_TYPE}`)
}

interface CoreOf {
  readonly vendor: string
  readonly method: string
  readonly path: string
  readonly fields: readonly Field[]
}

function coreOf({ vendor, method, path, fields }: CoreOf): Digest | null {
  const core = fields.filter(({ name, value }) => CORE_FIELDS.includes(name) && value !== '')
  if (!core.some(({ name }) => name === 'To')) return null
  return digestOf([`${DIGEST_NAME} core`, vendor, method, path, canonicalForm(core)])
}
