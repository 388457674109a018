import type { CallId } from '../../contract/ids.ts'
import type { Log } from '../../runtime/log.ts'
import { PassingMap } from '../../runtime/passing-map.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { SendRef, Store } from '../../store/store.ts'

/** A send's owner may be silent this long before another may take over. */
export const LEASE_MS = 10_000
const LEASE_RENEWAL_MS = 3_000

/** The sends that this process has out: it keeps their leases, and tells who waits for them when they end. */
export interface Sends {
  /** From now until `end` the call is this process's. */
  begin(send: SendRef): OwnSend
  /** Resolves when this process is done with the call; undefined when the call is not its own. */
  ended(callId: CallId): Promise<void> | undefined
  /** Resolves when nothing is out. */
  idle(): Promise<void>
  readonly size: number
  stop(): void
}

export interface OwnSend {
  /** The same call under a new epoch or nonce. */
  renew(send: SendRef): void
  end(): void
}

interface Out {
  send: SendRef
  readonly ended: Promise<void>
}

export function createSends({ store, timers, log }: { store: Store; timers: Timers; log: Log }): Sends {
  const out = new PassingMap<CallId, Out>()
  const whenIdle: (() => void)[] = []
  const stop = timers.every(LEASE_RENEWAL_MS, () => {
    if (out.size === 0) return
    const sends = [...out.values()].map(({ send }) => send)
    store.renewLeases(sends, LEASE_MS).catch((fault) => log.error({ err: fault }, 'leases were not renewed'))
  })
  return {
    begin(send) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const entry: Out = { send, ended: promise }
      out.set(send.callId, entry)
      return {
        renew(next) {
          entry.send = next
        },
        end() {
          if (out.get(send.callId) === entry) out.take(send.callId)
          resolve()
          if (out.size === 0) for (const tell of whenIdle.splice(0)) tell()
        },
      }
    },
    ended: (callId) => out.get(callId)?.ended,
    idle: () => (out.size === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
    get size() {
      return out.size
    },
    stop,
  }
}
