import type { Ord } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'

/** LLM routes: identical calls may be out at once, and each says which others are. */
export class OpenLlmCalls {
  readonly #byDigest = new Map<Digest, Set<Ord>>()

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
  }
}
