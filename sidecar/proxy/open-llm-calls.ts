import type { Ord } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import type { LeavingSignal } from '../leaving.ts'

/** Of one content as many may be out at once; each lists the others in its claims, which take 8 KiB. */
const MOST_OPEN = 128

/** LLM routes: identical calls may be out at once, and each says which others are. */
export class OpenLlmCalls {
  readonly #byDigest = new Map<Digest, Set<Ord>>()
  readonly #waiting = new Map<Digest, (() => void)[]>()

  /** Resolves when one more of the content may go out. Rejects with the signal's reason when its app leaves first. */
  async room(digest: Digest, gone: LeavingSignal): Promise<void> {
    while ((this.#byDigest.get(digest)?.size ?? 0) >= MOST_OPEN) {
      await new Promise<void>((resolve, reject) => {
        const waiting = this.#waiting.get(digest) ?? []
        this.#waiting.set(digest, [...waiting, resolve])
        gone.addEventListener('abort', () => reject(gone.reason), { once: true })
      })
    }
  }

  /** Ords of the same content that are open, the new one left out. */
  begin(digest: Digest, ord: Ord): readonly Ord[] {
    const open = this.#byDigest.get(digest) ?? new Set<Ord>()
    const others = [...open]
    open.add(ord)
    this.#byDigest.set(digest, open)
    return others
  }

  end(digest: Digest, ord: Ord): void {
    const open = this.#byDigest.get(digest)
    open?.delete(ord)
    if (open?.size === 0) this.#byDigest.delete(digest)
    const waiting = this.#waiting.get(digest) ?? []
    this.#waiting.delete(digest)
    for (const wake of waiting) wake()
  }
}
