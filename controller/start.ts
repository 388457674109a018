import { readFileSync } from 'node:fs'
import { connectKube } from '../kube/api.ts'
import { lead } from '../kube/lead.ts'
import { createLedgerClient, type LedgerClient } from '../ledger/client.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ListenAddress } from '../runtime/http-server.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'
import { startAdmission } from '../webhook/server.ts'
import type { ManagerConfig } from './config.ts'
import type { EventDoors } from './events.ts'
import { watchJobEnds } from './job-ends.ts'
import { watchLivingJobs } from './living-jobs.ts'
import { keepPolicyStatus } from './policy-status.ts'

/** The doors of the process. */
export interface ManagerDoors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

export interface RunningManager extends Running {
  /** Where admission listens. */
  readonly address: ListenAddress
}

/** Admission in every replica; the controller in the one that leads. */
export async function startManager(config: ManagerConfig, doors: ManagerDoors): Promise<RunningManager> {
  const watching = { ...doors, kube: connectKube(doors.timers) }
  const { ledgerUrl, tokenFile } = config
  const operatorToken = () => readFileSync(tokenFile, 'utf8').trim()
  const admission = await startAdmission(
    { ...config, connectLedger: (caPem) => createLedgerClient({ address: ledgerUrl, operatorToken, caPem }) },
    watching,
  )
  const leading = lead(watching, {
    namespace: config.namespace,
    name: 'jobcap-controller',
    identity: doors.random.uuid(),
    begin: () => begin(watching, admission.ledger),
  })
  return {
    address: admission.address,
    async drain() {
      await leading.stop()
      await admission.drain()
      return 0
    },
  }
}

/** What the leading replica does. */
function begin(doors: EventDoors, ledger: LedgerClient) {
  const ends = watchJobEnds(doors, ledger)
  const living = watchLivingJobs(doors, { ledger, living: () => ends.living() })
  const parts = [ends, living, keepPolicyStatus(doors, ledger)]
  return {
    stop() {
      for (const part of parts) part.stop()
    },
  }
}
