import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { readBody, unreadable } from '../content/body.ts'
import { isRefusal } from '../content/guard.ts'
import { isNull, type Json } from '../content/json.ts'

/** Every field of a mail in the SDKs of 2026-11 (resend-node 6.38, resend-python 2.52). */
const FIELDS =
  'from to cc bcc subject html text reply_to headers attachments tags scheduled_at template topic_id'.split(' ')
const RECIPIENT_FIELDS = ['to', 'cc', 'bcc']

/** https://resend.com/docs/api-reference/emails/send-batch-emails */
const MOST_IN_BATCH = 100

/** Recipients of the mail in a body. */
export function recipientsOfMail(call: CallText): number | Refusal {
  const body = jsonOf(call)
  return isRefusal(body) ? body : recipientsOf(body)
}

/** Recipients of each mail of a batch. */
export function recipientsOfBatch(call: CallText): readonly number[] | Refusal {
  const body = jsonOf(call)
  if (isRefusal(body)) return body
  if (body.kind !== 'list') return unreadable('a batch is a list of mails')
  if (body.items.length === 0 || body.items.length > MOST_IN_BATCH) {
    return refusal('amount_invalid', `A batch holds 1 to ${MOST_IN_BATCH} mails; this one has ${body.items.length}.`)
  }
  const counts: number[] = []
  for (const mail of body.items) {
    const count = recipientsOf(mail)
    if (isRefusal(count)) return count
    counts.push(count)
  }
  return counts
}

function jsonOf(call: CallText): Json | Refusal {
  if (call.query !== '') return refusal('request_malformed', 'What a mail says goes into the body, not the query.')
  const read = readBody(call)
  if (isRefusal(read)) return read
  return read.kind === 'json' ? read.value : unreadable('Resend takes JSON; set the Content-Type to application/json')
}

function recipientsOf(mail: Json): number | Refusal {
  if (mail.kind !== 'object') return unreadable('a mail is a JSON object')
  const stray =
    [...mail.members.keys()].find((name) => !FIELDS.includes(name)) ?? strayHeader(mail.members.get('headers'))
  if (stray !== undefined)
    return refusal('route_unknown', `What \`${stray}\` costs in a mail is not known: leave it out.`)
  const headers = mail.members.get('headers')
  const isOdd = headers !== undefined && headers.kind !== 'object' && !isNull(headers)
  if (isOdd || hasLineBreak(headers) || hasLineBreak(mail.members.get('from'))) {
    return invalid('headers', 'an object of texts without line breaks, and `from` too')
  }
  let recipients = 0
  for (const name of RECIPIENT_FIELDS) {
    const count = addressesIn(mail.members.get(name))
    if (count === undefined) return invalid(name, 'an address or a list of addresses')
    recipients += count
  }
  // A mail to nobody is refused by Resend; should it be taken, it is one mail.
  return mail.members.has('to') ? Math.max(1, recipients) : invalid('to', 'an address or a list of addresses')
}

/** Undefined where it is neither a text nor a list of texts. One text may hold several addresses, each with its `@`. */
function addressesIn(value: Json | undefined): number | undefined {
  if (value === undefined || isNull(value)) return 0
  if (value.kind === 'text') return Math.max(1, value.value.split('@').length - 1)
  if (value.kind !== 'list') return undefined
  const counts = value.items.map((item) => (item.kind === 'text' ? addressesIn(item) : undefined))
  return counts.includes(undefined) ? undefined : counts.reduce((sum: number, count) => sum + (count ?? 0), 0)
}

/** Behind a line break in a header another one could stand, with recipients of its own. */
function hasLineBreak(value: Json | undefined): boolean {
  switch (value?.kind) {
    case 'text':
      return /[\r\n]/.test(value.value)
    case 'list':
      return value.items.some(hasLineBreak)
    case 'object':
      return [...value.members].some(([name, member]) => /[\r\n]/.test(name) || hasLineBreak(member))
    case undefined:
    case 'number':
    case 'word':
      return false
  }
}

/** A header of the mail that would add recipients which nobody counted. */
function strayHeader(headers: Json | undefined): string | undefined {
  if (headers?.kind !== 'object') return undefined
  return [...headers.members.keys()].find((name) => /^(?:resent-)?(?:to|cc|bcc)$/i.test(name.trim()))
}

function invalid(field: string, what: string): Refusal {
  return refusal('amount_invalid', `Send \`${field}\` as ${what}: mails are counted by their recipients.`, { field })
}
