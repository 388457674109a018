import { expiryOf, type KeyPair, type Making, makeAuthority } from './certificates.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** How long authorities live and when one follows another. */
export interface Lives {
  /** Of an authority. Default 3 years. */
  readonly authorityMs: number
  /** Before its end the next one is announced: from then on every new Pod trusts both. Default 2 years. */
  readonly announceBeforeMs: number
  /** Before its end the next one signs. What lies between the two is longer than the longest Job. Default 1 year. */
  readonly signBeforeMs: number
  /** Of a server's certificate; renewed after two thirds. Default 30 days. */
  readonly servingMs: number
}

export const DEFAULT_LIVES: Lives = {
  authorityMs: 3 * 365 * DAY_MS,
  announceBeforeMs: 2 * 365 * DAY_MS,
  signBeforeMs: 365 * DAY_MS,
  servingMs: 30 * DAY_MS,
}

/**
 * The authorities of an install. A Pod trusts what stood in the bundle when its Job was made, and cannot be told later:
 * so the next authority is in the bundle long before it signs, and the old one stays until it expires.
 */
export interface Lineage {
  readonly signing: KeyPair
  readonly next: KeyPair | null
  /** Certificates of those that signed before and have not expired. */
  readonly former: readonly string[]
}

/** PEM texts of all that is to be trusted, the signing one first. */
export function bundleOf({ signing, next, former }: Lineage): string {
  return [signing.certPem, ...(next === null ? [] : [next.certPem]), ...former].join('')
}

/** What the lineage is to be now; the same object when nothing is due. Undefined before: the first one. */
export async function advance(lineage: Lineage | undefined, making: Making, lives: Lives): Promise<Lineage> {
  const { nowMs } = making
  if (lineage === undefined) {
    return { signing: await makeAuthority(making, lives.authorityMs), next: null, former: [] }
  }
  const leftMs = expiryOf(lineage.signing.certPem) - nowMs
  const former = lineage.former.filter((certPem) => expiryOf(certPem) > nowMs)
  if (leftMs <= lives.signBeforeMs) {
    const signing = lineage.next ?? (await makeAuthority(making, lives.authorityMs))
    return { signing, next: null, former: leftMs > 0 ? [lineage.signing.certPem, ...former] : former }
  }
  if (leftMs <= lives.announceBeforeMs && lineage.next === null) {
    return { ...lineage, next: await makeAuthority(making, lives.authorityMs), former }
  }
  return former.length === lineage.former.length ? lineage : { ...lineage, former }
}
