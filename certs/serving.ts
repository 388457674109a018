import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'
import type { Authority } from './authority.ts'
import { expiryOf, type KeyPair, makeServing } from './certificates.ts'
import { bundleOf, type Lineage, type Lives } from './lineage.ts'

/** Whether the certificate, or its authority, is due to be renewed is looked at so often. */
const LOOK_EVERY_MS = 60_000

export interface ServingOptions {
  readonly authority: Authority
  readonly dnsNames: readonly string[]
  readonly lives: Lives
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** Makes sure that clients trust `bundlePem`, before a certificate signed by it is used. */
  announce(bundlePem: string): Promise<void>
  /** Uses the certificate from the next connection on. */
  use(pair: KeyPair): void
}

/** A server's certificate, in memory only: made at the start, renewed after two thirds of its life and when the authority changes. */
export interface Serving {
  /** The first certificate and what clients are to trust. */
  readonly first: KeyPair
  /** PEM of all authorities that are to be trusted now. */
  bundle(): string
  stop(): void
}

export async function keepServing(options: ServingOptions): Promise<Serving> {
  const { authority, clock, timers, log, lives } = options
  let held = await sign(options, await authority.current())
  let renewing: Promise<void> | undefined

  async function renew(): Promise<void> {
    const lineage = await authority.current()
    const isOld = expiryOf(held.pair.certPem) - clock.nowMs() < lives.servingMs / 3
    if (bundleOf(lineage) === held.bundlePem && !isOld) return
    held = await sign(options, lineage)
    options.use(held.pair)
    log.info('a new serving certificate is in use')
  }

  const look = () => {
    renewing ??= renew()
      .catch((fault) => log.error({ err: fault }, 'the serving certificate was not renewed; the old one stays in use'))
      .finally(() => {
        renewing = undefined
      })
  }
  authority.onChange(look)
  const stop = timers.every(Math.min(LOOK_EVERY_MS, lives.servingMs / 6), look)
  return { first: held.pair, bundle: () => held.bundlePem, stop }
}

async function sign(
  { clock, random, dnsNames, lives, announce }: ServingOptions,
  lineage: Lineage,
): Promise<{ readonly pair: KeyPair; readonly bundlePem: string }> {
  const bundlePem = bundleOf(lineage)
  await announce(bundlePem)
  const making = { random, nowMs: clock.nowMs() }
  const pair = await makeServing(making, { authority: lineage.signing, dnsNames, lifeMs: lives.servingMs })
  return { pair, bundlePem }
}
