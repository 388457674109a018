import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'

/** Characters, each header; two of them fit into what claims take. */
const MAX_ACCOUNT_LENGTH = 200

/** One text for the headers that choose whose money moves; empty when the call has none of them. */
export function accountOf(call: CallText, names: readonly string[]): string | Refusal {
  if (names.every((name) => call.headers[name] === undefined)) return ''
  const given = names.flatMap((name) => {
    const value = call.headers[name]
    return value === undefined ? [] : [{ name, value }]
  })
  const odd = given.find(({ value }) => value.length > MAX_ACCOUNT_LENGTH || !/^[\x21-\x2b\x2d-\x7e]+$/.test(value))
  if (odd !== undefined) {
    return refusal('request_malformed', `The header ${odd.name} is empty, too long, given twice or holds a space.`)
  }
  return given.map(({ name, value }) => `${name}=${value}`).join(' ')
}
