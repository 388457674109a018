import type { AuditEvent } from '../contract/audit.ts'

type InDoubt = Extract<AuditEvent, { event: 'call.in_doubt' }>

/** The calls of a record that may have taken effect and are not resolved: feed it all events in order. */
export class DoubtfulCalls {
  readonly #lines = new Map<string, InDoubt>()
  readonly #sentAtMs = new Map<string, number>()

  take(line: AuditEvent): void {
    if (line.event === 'call.in_doubt') this.#lines.set(line.call.callId, line)
    else if (line.event === 'call.sent') this.#sentAtMs.set(line.call.callId, line.atMs)
    else if (line.event === 'call.settled' || line.event === 'call.released') {
      this.#lines.delete(line.call.callId)
      this.#sentAtMs.delete(line.call.callId)
    }
  }

  /** When it was sent without a key, to a vendor that takes none; undefined for calls that go out under their key. */
  keylessAtMs(callId: string): number | undefined {
    return this.#sentAtMs.get(callId)
  }

  /** Each with the event that put it in doubt last. */
  get calls(): readonly InDoubt[] {
    return [...this.#lines.values()]
  }
}
