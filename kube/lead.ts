import type { Clock } from '../runtime/clock.ts'
import { isConflict, type KubeApi } from './api.ts'
import type { KubeDoors } from './mirror.ts'
import type { KubeObject } from './objects.ts'

/** A leader that has not renewed for this long is taken to be gone. */
const LEASE_MS = 15_000
/** A leader that could not renew for this long stops by itself, before another may begin. */
const GIVE_UP_MS = 10_000
const LOOK_EVERY_MS = 2_000

export interface LeaderOptions {
  readonly namespace: string
  /** Name of the Lease. */
  readonly name: string
  /** Of this replica; no other has it. */
  readonly identity: string
  /** Begins the work that one replica at a time does; what it gives back ends it. */
  begin(): { stop(): void }
}

export interface Leading {
  /** Ends the work and lets another begin at once. */
  stop(): Promise<void>
}

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly renewTime?: string }
}

export type LeaderDoors = KubeDoors & { readonly clock: Clock }

/** One replica of many does the work: whoever holds the Lease. Times are this machine's own, so clocks may differ. */
export function lead(doors: LeaderDoors, options: LeaderOptions): Leading {
  const { clock, timers, log } = doors
  const watch = new LeaseWatch(doors, options)
  let work: { stop(): void } | undefined
  let renewedAtMs = 0
  let looking: Promise<void> = Promise.resolve()
  let isStopped = false

  async function look(): Promise<void> {
    const isHeld = await watch.hold().catch((fault) => {
      log.warn({ err: fault, lease: options.name }, 'the Lease could not be renewed')
      return undefined
    })
    const nowMs = clock.monotonicMs()
    if (isHeld === true) renewedAtMs = nowMs
    if (isStopped) return
    if (isHeld === true && work === undefined) {
      log.info({ lease: options.name }, 'leading')
      work = options.begin()
    }
    if (work !== undefined && (isHeld === false || nowMs - renewedAtMs > GIVE_UP_MS)) {
      log.warn({ lease: options.name }, 'no longer leading')
      work.stop()
      work = undefined
    }
  }

  const next = () => {
    looking = looking.then(look)
  }
  next()
  const cancel = timers.every(LOOK_EVERY_MS, next)
  return {
    async stop() {
      isStopped = true
      cancel()
      await looking
      work?.stop()
      if (work !== undefined) await watch.release().catch(() => {})
    },
  }
}

class LeaseWatch {
  readonly #kube: KubeApi
  readonly #clock: Clock
  readonly #options: LeaderOptions
  readonly #path: string
  /** The other's last renewal, and when this process first saw it. */
  #seen: { readonly renewTime: string; readonly atMs: number } | undefined

  constructor({ kube, clock }: LeaderDoors, options: LeaderOptions) {
    this.#kube = kube
    this.#clock = clock
    this.#options = options
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  /** Takes or renews the Lease; false when another has it. */
  async hold(): Promise<boolean> {
    const { name, identity } = this.#options
    const found = await this.#kube.get<Lease>(`${this.#path}/${name}`)
    if (found !== undefined && found.spec.holderIdentity !== identity && this.#isAlive(found)) return false
    try {
      await this.#write(found, identity)
      return true
    } catch (fault) {
      if (isConflict(fault)) return false
      throw fault
    }
  }

  async release(): Promise<void> {
    const found = await this.#kube.get<Lease>(`${this.#path}/${this.#options.name}`)
    if (found?.spec.holderIdentity === this.#options.identity) await this.#write(found, '')
  }

  #isAlive({ spec: { holderIdentity = '', renewTime = '' } }: Lease): boolean {
    if (holderIdentity === '') return false
    const nowMs = this.#clock.monotonicMs()
    if (this.#seen?.renewTime !== renewTime) this.#seen = { renewTime, atMs: nowMs }
    return nowMs - this.#seen.atMs < LEASE_MS
  }

  async #write(found: Lease | undefined, holderIdentity: string): Promise<void> {
    const { namespace, name } = this.#options
    const renewTime = new Date(this.#clock.nowMs()).toISOString().replace('Z', '000Z')
    const spec = { holderIdentity, renewTime, leaseDurationSeconds: LEASE_MS / 1000 }
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec }
    if (found === undefined) await this.#kube.create(this.#path, lease)
    else {
      const { resourceVersion } = found.metadata
      await this.#kube.replace(`${this.#path}/${name}`, { ...lease, metadata: { ...lease.metadata, resourceVersion } })
    }
  }
}
