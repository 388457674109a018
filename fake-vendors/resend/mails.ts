import { ResendRefusal } from './refusal.ts'

const MOST_RECIPIENTS = 50
const MOST_IN_BATCH = 100
const ADDRESS = /^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$|^[^<>]*<[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+>$/

export interface Mail {
  readonly to: readonly string[]
  readonly all: number
}

interface BatchError {
  readonly index: number
  readonly message: string
}

/** One mail as Resend checks it. https://resend.com/docs/api-reference/emails/send-email */
export function readMail(value: unknown): Mail {
  if (typeof value !== 'object' || value === null) throw missing('from')
  const fields = value as Record<string, unknown>
  for (const name of ['from', 'to', 'subject']) {
    if (fields[name] === undefined && !(name === 'subject' && fields['template'] !== undefined)) throw missing(name)
  }
  // https://github.com/resend/resend-openapi/pull/14: a list of one to fifty. In which words it is refused was not seen.
  if ([fields['to']].flat().length === 0 || fields['to'] === null) throw missing('to')
  const [to, cc, bcc] = [addresses(fields, 'to'), addresses(fields, 'cc'), addresses(fields, 'bcc')]
  if (to.length > MOST_RECIPIENTS) throw invalid('The `to` field must have at most 50 items.')
  if (fields['html'] === undefined && fields['text'] === undefined && fields['template'] === undefined) {
    throw invalid('Missing `html` or `text` field.')
  }
  return { to, all: to.length + cc.length + bcc.length }
}

/** Strict: one bad mail refuses all. Permissive: the good ones go out, the bad ones are named. */
export function readBatch(value: unknown, isPermissive: boolean): { mails: Mail[]; errors: BatchError[] } {
  if (!Array.isArray(value)) throw invalid('The payload must be an array.')
  if (value.length === 0 || value.length > MOST_IN_BATCH) throw invalid('Batch size must be between 1 and 100.')
  const mails: Mail[] = []
  const errors: BatchError[] = []
  for (const [index, item] of value.entries()) {
    try {
      mails.push(readMail(item))
    } catch (fault) {
      if (!isPermissive || !(fault instanceof ResendRefusal)) throw fault
      errors.push({ index, message: fault.message })
    }
  }
  return { mails, errors }
}

function addresses(fields: Record<string, unknown>, name: string): string[] {
  const value = fields[name]
  if (value === undefined || value === null) return []
  const list = Array.isArray(value) ? value : [value]
  for (const address of list) {
    if (typeof address !== 'string' || !ADDRESS.test(address.trim())) {
      throw invalid(`Invalid \`${name}\` field. The email address needs to follow the \`email@example.com\` format.`)
    }
  }
  return list as string[]
}

function missing(name: string): ResendRefusal {
  return new ResendRefusal(422, 'missing_required_field', `Missing \`${name}\` field.`)
}

function invalid(message: string): ResendRefusal {
  return new ResendRefusal(422, 'validation_error', message)
}
