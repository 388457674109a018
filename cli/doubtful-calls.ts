import type { AuditEvent } from '../contract/audit.ts'

type InDoubt = Extract<AuditEvent, { event: 'call.in_doubt' }>

/** The calls of a record that may have taken effect and are not resolved: feed it all events in order. */
export class DoubtfulCalls {
  readonly #lines = new Map<string, InDoubt>()

  take(line: AuditEvent): void {
    if (line.event === 'call.in_doubt') this.#lines.set(line.call.callId, line)
    else if (line.event === 'call.settled' || line.event === 'call.released') this.#lines.delete(line.call.callId)
  }

  /** Each with the event that put it in doubt last. */
  get calls(): readonly InDoubt[] {
    return [...this.#lines.values()]
  }
}
