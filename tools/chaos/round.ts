import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditEvent } from '../../contract/audit.ts'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'
import { type RedisServer, startRedis } from '../../test/redis/redis-server.ts'
import { type FakeStripe, startFakeStripe } from '../scene/fake-stripe.ts'
import { JobcapRun } from '../scene/jobcap-run.ts'
import type { Progress } from '../scene/progress.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { type Cast, strike } from './blows.ts'
import { KeptLedger } from './ledgers.ts'
import type { Plan } from './plan.ts'
import { JOB_FOLDER, makeSetting, type Setting } from './setting.ts'
import { judge, type Verdict } from './verdict.ts'

/** What a call in doubt needs to be asked for again, with the longest pause of a ledger that was just started. */
const HEALING_MS = 120_000
const LOOK_EVERY_MS = 500

export type StoreKind = 'redis' | 'sqlite'

export interface Round extends Verdict {
  readonly kills: number
  readonly stops: number
  readonly capMicros: number
  readonly reservedUsd: string
  readonly spentUsd: string
  readonly condition: string
  readonly pods: number
  /** What was done to whom, for a person who looks for the reason. */
  readonly story: readonly string[]
  /** Where everything lies; kept when a promise is broken. */
  readonly folder: string
}

interface Scene extends Cast {
  readonly setting: Setting
  readonly balancer: Balancer
  readonly client: LedgerClient
}

export interface RoundSetting {
  readonly store: StoreKind
  readonly progress: Progress
  /** Then the files stay. */
  readonly isBroken: (round: Round) => boolean
  /** Rejects when a person has had enough. */
  readonly interrupted: Promise<never>
}

/** One Job under fire. Whatever happens, nothing that it started outlives it. */
export async function playRound(plan: Plan, { store, progress, isBroken, interrupted }: RoundSetting): Promise<Round> {
  const setting = makeSetting(plan)
  const redis = store === 'redis' ? await startRedis() : null
  let keep = true
  let scene: Scene | undefined
  try {
    scene = await openScene(setting, { redis, plan })
    const round = await Promise.race([play(scene, plan, progress), interrupted])
    keep = isBroken(round)
    return round
  } catch (fault) {
    throw new Error(`${(fault as Error).message}\n${scene?.run.tail ?? ''}\nfiles: ${setting.folder}`, { cause: fault })
  } finally {
    for (const ledger of scene?.ledgers ?? []) ledger.release()
    await scene?.balancer.close()
    await setting.strike(keep)
    await redis?.stop()
  }
}

async function openScene(
  setting: Setting,
  { redis, plan }: { readonly redis: RedisServer | null; readonly plan: Plan },
): Promise<Scene> {
  const vendor = await startFakeStripe(setting, join(setting.folder, 'truth.ndjson'))
  setting.writePolicy(vendor.url)
  const ledgers = await startLedgers(setting, redis)
  const balancer = await startBalancer(
    join(setting.balancerFolder, 'ledger.sock'),
    ledgers.map(({ socket }) => socket),
  )
  for (const rule of plan.faults) await vendor.control.addFault(rule)
  const address = `unix:${balancer.socket}`
  const tokenFile = join(setting.ledgerState, 'operator-token')
  const client = createLedgerClient({ address, operatorToken: readFileSync(tokenFile, 'utf8').trim() })
  const keys = ['--token-file', tokenFile, '--pod-token-key', join(setting.ledgerState, 'pod-token-key')]
  const files = ['--policy', setting.policyFile, '--secrets', setting.secretsFolder, '--state', setting.runState]
  const run = new JobcapRun(setting.children, ['--ledger', address, ...keys, ...files, '-f', '-'], {
    cwd: JOB_FOLDER,
    input: setting.manifest,
  })
  return { setting, run, vendor, ledgers, redis, balancer, client }
}

/** SQLite takes one process; over Redis there are two. */
async function startLedgers(setting: Setting, redis: RedisServer | null): Promise<KeptLedger[]> {
  const { children, policyFile, secretsFolder, ledgerState: stateFolder, logFolder, socketFolder } = setting
  const store = redis === null ? `sqlite:${join(setting.folder, 'ledger.db')}` : redis.url
  const journalFolder = redis === null ? null : join(setting.folder, 'journals')
  const shared = { children, policyFile, secretsFolder, store, stateFolder, logFolder, journalFolder }
  const names = redis === null ? ['ledger-1'] : ['ledger-1', 'ledger-2']
  const ledgers = names.map((name) => new KeptLedger(shared, name, socketFolder))
  // The first one makes the keys that all share.
  for (const [at, ledger] of ledgers.entries()) {
    await ledger.start(...(redis !== null && at === 0 ? ['--initialise'] : []))
  }
  return ledgers
}

async function play(scene: Scene, plan: Plan, progress: Progress): Promise<Round> {
  const { run, setting, client, vendor } = scene
  const stopBar = followCharges(scene, plan, progress)
  const { kills, stops, story } = await strike(scene, plan.blows)
  const { job, summary } = await run.end()
  stopBar()
  const { runUid } = summary
  const { reserved, spent } = await healed(client, runUid ?? job.jobUid)
  const audit: AuditEvent[] = []
  for await (const event of client.audit({ run: runUid ?? job.jobUid })) audit.push(event)
  return {
    ...judge(plan.charges, { truth: vendor.truth(), audit }),
    ...{ kills, stops, story },
    capMicros: setting.capMicros,
    reservedUsd: reserved,
    spentUsd: spent,
    condition: `${job.condition}${job.reason === null ? '' : ` (${job.reason})`}`,
    pods: summary.pods,
    folder: setting.folder,
  }
}

/** Resolves when nothing is reserved any more, or when that has been waited for long enough. */
async function healed(client: LedgerClient, runUid: string): Promise<{ reserved: string; spent: string }> {
  const until = performance.now() + HEALING_MS
  for (;;) {
    const found = await client.findRun(runUid).catch(() => undefined)
    const isLate = performance.now() > until
    if (found !== undefined && (found.key.reserved_usd === '0.00' || isLate)) {
      return { reserved: found.key.reserved_usd, spent: found.key.spent_usd }
    }
    if (isLate) throw new Error('no ledger serves after the last blow')
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Moves the bar with each charge; returns what stops it. */
function followCharges({ vendor }: { vendor: FakeStripe }, { charges }: Plan, progress: Progress): () => void {
  let isOver = false
  const follow = async (count: number): Promise<void> => {
    await vendor.control.reached('effect', count)
    if (isOver) return
    progress.bar(count, charges.length, 'charged')
    if (count < charges.length) await follow(count + 1)
  }
  follow(1).catch(() => {
    // The vendor has been stopped: the round is over.
  })
  return () => {
    isOver = true
    progress.endBar()
  }
}
