import type { Parsed } from '../../contract/operators.schema.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { refusal } from '../../contract/refusals.ts'

/** A refusal on its way to Express's error handler: the one place that writes refusals of operator routes. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly refusal: Refusal

  constructor(refused: Refusal) {
    super(refused.code)
    this.refusal = refused
  }
}

export function must<Value>(parsed: Parsed<Value>): Value {
  if ('problem' in parsed)
    throw new Refused(refusal('request_malformed', `The request is not well-formed: ${parsed.problem}.`))
  return parsed.value
}

export function found<Value>(
  value: Value | undefined,
  code: 'key_unknown' | 'run_unknown' | 'call_not_in_doubt' | 'journal_not_waited_for',
): Value {
  if (value === undefined) throw new Refused(refusal(code))
  return value
}
