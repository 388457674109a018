import type { PolicyView } from '../contract/operators.ts'
import { isConflict } from '../kube/api.ts'
import { mirror } from '../kube/mirror.ts'
import { CAP_POLICIES_PATH } from '../kube/objects.ts'
import type { LedgerClient } from '../ledger/client.ts'
import type { EventDoors } from './events.ts'
import { type CapPolicyState, statusOf } from './policy-verdict.ts'

/** A policy's sums are at most this old, and no status is written more often than the sums change. */
const ROUND_MS = 30_000
/** After a change that the ledger has not seen yet, or a status that somebody else wrote meanwhile. */
const SOON_MS = 1_000
/** A ledger that is started anew is away for less. */
const ROUNDS_WITHOUT_LEDGER = 3

export interface PolicyStatuses {
  stop(): void
}

/** Keeps `status` of each CapPolicy: what is spent under it today, and what is wrong with it. Writes only what has changed. */
export function keepPolicyStatus(doors: EventDoors, ledger: Pick<LedgerClient, 'listPolicies'>): PolicyStatuses {
  const { clock, log, timers } = doors
  let going: Promise<void> = Promise.resolve()
  let missedRounds = 0
  let isStopped = false
  const policies = mirror<CapPolicyState, CapPolicyState>(doors, {
    path: CAP_POLICIES_PATH,
    pick: (object) => object,
    onChange({ row, before }) {
      // Also by our own writes; only another spec needs a look.
      if (row !== undefined && row.metadata.generation !== before?.metadata.generation) next()
    },
  })

  async function inUse(): Promise<ReadonlyMap<string, PolicyView> | undefined> {
    try {
      const views = await ledger.listPolicies()
      missedRounds = 0
      return new Map(views.map((view) => [view.policy, view]))
    } catch (fault) {
      missedRounds += 1
      log.warn({ err: fault }, 'the ledger could not be asked about the policies')
      return undefined
    }
  }

  async function round(): Promise<void> {
    await policies.isThere
    const views = await inUse()
    if (views === undefined && missedRounds < ROUNDS_WITHOUT_LEDGER) return
    let isAgain = false
    for (const object of policies.rows()) {
      const status = statusOf(object, {
        view: views?.get(object.metadata.name),
        isLedgerThere: views !== undefined,
        nowMs: clock.nowMs(),
      })
      if (status === 'ledger_is_behind') isAgain = true
      else if (status !== 'unchanged') isAgain = (await write(doors, object, status)) === 'again' || isAgain
    }
    if (isAgain) timers.after(SOON_MS, next)
  }

  function next(): void {
    if (isStopped) return
    going = going.then(round).catch((fault) => log.error({ err: fault }, 'the statuses of policies were not kept'))
  }

  next()
  const cancel = timers.every(ROUND_MS, next)
  return {
    stop() {
      isStopped = true
      cancel()
      policies.stop()
    },
  }
}

async function write({ kube, log }: EventDoors, object: CapPolicyState, status: object): Promise<'written' | 'again'> {
  const { name, resourceVersion } = object.metadata
  try {
    await kube.merge(`${CAP_POLICIES_PATH}/${name}/status`, { metadata: { resourceVersion }, status })
    return 'written'
  } catch (fault) {
    // The watch brings the newer one.
    if (!isConflict(fault)) log.warn({ err: fault, policy: name }, 'the status of a policy was not written')
    return 'again'
  }
}
