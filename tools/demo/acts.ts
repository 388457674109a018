import { join } from 'node:path'
import type { AuditEvent } from '../../contract/audit.ts'
import { readAudit, revoke } from '../scene/audit.ts'
import { type FakeStripe, startFakeStripe } from '../scene/fake-stripe.ts'
import { JobcapRun } from '../scene/jobcap-run.ts'
import { type Charges, effectsAfter, judgeCharges, missingFromAudit, vendorKeys } from '../scene/judge.ts'
import { readLogs } from '../scene/logs.ts'
import type { Progress } from '../scene/progress.ts'
import { EXAMPLE, type Stage, writePolicy } from './stage.ts'

const CAP_ANNOTATION = 'jobcap.dev/cap-usd'
const ENOUGH_USD = '4000.00'
export const TIGHT_USD = '500.00'
/** Of the example. */
export const PARALLELISM = 8

/** What each act needs: a vendor and a ledger of its own. */
interface Scene {
  readonly stage: Stage
  readonly progress: Progress
  readonly vendor: FakeStripe
  readonly stateFolder: string
  /** `jobcap run` of the example under this cap. */
  run(capUsd: string, ...more: readonly string[]): JobcapRun
  /** `jobcap run` of another manifest. */
  runManifest(manifest: string): JobcapRun
}

export interface ActA {
  readonly charges: Charges
  readonly kills: number
  /** Null: not looked for, since nothing is hidden from Pods without namespaces. */
  readonly secretsInPods: number | null
  readonly auditMissing: number
  readonly audit: readonly AuditEvent[]
}

/** Whom to kill, and how many charges must have happened before. */
const KILLS = [
  { victim: 'app', after: 30 },
  { victim: 'sidecar', after: 110 },
  { victim: 'ledger', after: 190 },
  { victim: 'app', after: 270 },
] as const

/** (a) A cap that is enough, while two apps, a sidecar and the ledger are killed in mid-call. */
export async function actWithKills(stage: Stage, progress: Progress): Promise<ActA> {
  return inScene({ stage, progress, name: 'a' }, async (scene) => {
    progress.title(`(a) ${stage.customers.length} customers under a cap of $${ENOUGH_USD}, while parts are killed`)
    const run = scene.run(ENOUGH_USD)
    const stopBar = followCharges(scene)
    const { isolation } = await run.find('job.started')
    for (const sentence of run.said.filter((line) => !line.startsWith('['))) progress.step(sentence)
    const kills = await orEnd(run, killInMidCall(scene, run))
    const { job } = await run.end()
    stopBar()
    progress.step(`Job ${job.condition}: ${describe(scene)}`)
    const secretsInPods = isolation === 'none' ? null : await huntForSecrets(scene)
    const audit = await readAudit(stage.children, scene.stateFolder)
    const truth = scene.vendor.truth()
    const charges = judgeCharges(stage.customers, truth)
    const ofJob = audit.filter(({ actor }) => actor.jobUid === job.jobUid)
    return { charges, kills, secretsInPods, auditMissing: missingFromAudit(truth, audit), audit: ofJob }
  })
}

export interface ActB {
  readonly charges: Charges
  readonly spentMicros: number
  readonly refused: number
  readonly pods: number
  readonly reason: string | null
  readonly auditMissing: number
  readonly audit: readonly AuditEvent[]
}

/** (b) The same customers under a cap that is too small; then a Job that continues the run charges the rest. */
export async function actWithSmallCap(stage: Stage, progress: Progress): Promise<ActB> {
  return inScene({ stage, progress, name: 'b' }, async (scene) => {
    progress.title(`(b) the same customers under a cap of $${TIGHT_USD}, then continued`)
    const stopBar = followCharges(scene)
    const first = await scene.run(TIGHT_USD).end()
    const spentMicros = judgeCharges(stage.customers, scene.vendor.truth()).spentMicros
    progress.step(`Job ${first.job.condition} (${first.job.reason}): ${describe(scene)}`)
    progress.step(`${first.summary.refused} calls refused, ${first.summary.pods} Pods in all: no retry storm`)
    const { jobUid } = first.job
    const second = await scene.run(ENOUGH_USD, '--continue', jobUid).end()
    stopBar()
    progress.step(`continued with $${ENOUGH_USD}: Job ${second.job.condition}, ${describe(scene)}`)
    const truth = scene.vendor.truth()
    const audit = await readAudit(stage.children, scene.stateFolder)
    return {
      charges: judgeCharges(stage.customers, truth),
      spentMicros,
      refused: first.summary.refused,
      pods: first.summary.pods,
      reason: first.job.reason,
      auditMissing: missingFromAudit(truth, audit),
      audit,
    }
  })
}

export interface ActC {
  readonly callsAfterRevoke: number
  readonly podsAfterRevoke: number
  readonly condition: string
  readonly reason: string | null
  readonly auditMissing: number
  readonly audit: readonly AuditEvent[]
}

const REVOKE_AFTER_CHARGES = 120

/** (c) A person revokes the key in mid-run. */
export async function actWithRevocation(stage: Stage, progress: Progress): Promise<ActC> {
  return inScene({ stage, progress, name: 'c' }, async (scene) => {
    progress.title('(c) the key is revoked in mid-run')
    const run = scene.run(ENOUGH_USD)
    const stopBar = followCharges(scene)
    await orEnd(run, scene.vendor.control.reached('effect', REVOKE_AFTER_CHARGES))
    const { keyId } = await run.find('run.opened')
    const { in_flight } = await revoke(stage.children, scene.stateFolder, keyId)
    const mark = await scene.vendor.control.mark('DELETE has answered')
    const podsBefore = run.events.filter(({ event }) => event === 'pod.started').length
    progress.step(`revoked after ${describe(scene)}; in flight then: ${in_flight.length}`)
    const { job } = await run.end()
    stopBar()
    const podsAfterRevoke = run.events.filter(({ event }) => event === 'pod.started').length - podsBefore
    progress.step(`Job ${job.condition} (${job.reason}), ${podsAfterRevoke} Pods started after the revocation`)
    const audit = await readAudit(stage.children, scene.stateFolder)
    const keys = vendorKeys(audit)
    const inFlightKeys = new Set(in_flight.map(({ call_id }) => keys.get(call_id) ?? call_id))
    const truth = scene.vendor.truth()
    return {
      callsAfterRevoke: effectsAfter(truth, mark.seq, inFlightKeys),
      podsAfterRevoke,
      condition: job.condition,
      reason: job.reason,
      audit,
      auditMissing: missingFromAudit(truth, audit),
    }
  })
}

async function inScene<Result>(
  { stage, progress, name }: { stage: Stage; progress: Progress; name: string },
  play: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const vendor = await startFakeStripe(stage, join(stage.folder, `truth-${name}.ndjson`))
  const policy = join(stage.folder, `policy-${name}.yaml`)
  writePolicy(policy, vendor.url)
  const stateFolder = join(stage.folder, `state-${name}`)
  const setting = ['--policy', policy, '--state', stateFolder, '--secrets', stage.secretsFolder]
  let newest: JobcapRun | undefined
  const runManifest = (input: string, ...more: readonly string[]) => {
    newest = new JobcapRun(stage.children, [...setting, '-f', '-', ...more], { cwd: EXAMPLE, input })
    return newest
  }
  const run = (capUsd: string, ...more: readonly string[]) =>
    runManifest(stage.manifest, '--annotate', `${CAP_ANNOTATION}=${capUsd}`, ...more)
  try {
    return await play({ stage, progress, vendor, stateFolder, run, runManifest })
  } catch (fault) {
    throw new Error(`act (${name}): ${(fault as Error).message}\n${newest?.tail ?? ''}`, { cause: fault })
  } finally {
    progress.endBar()
    await vendor.stop()
  }
}

/** Each kill falls while the vendor holds an answer whose effect has happened. Resolves to how many did. */
async function killInMidCall({ stage, progress, vendor }: Scene, run: JobcapRun): Promise<number> {
  let kills = 0
  for (const { victim, after } of KILLS) {
    await vendor.control.reached('effect', after)
    await vendor.control.hold({ count: 1 })
    const held = await vendor.control.nextHeld()
    const index = stage.customers.find(({ id }) => id === held.truth.customer)?.index
    if (index === undefined) throw new Error(`the held call is for ${held.truth.customer}, who is not a customer`)
    await (victim === 'ledger' ? run.killLedger() : run.killContainer(index, containerOf(victim)))
    kills += 1
    await vendor.control.release(held.id)
    progress.step(
      `SIGKILL of the ${victim}${victim === 'ledger' ? '' : ` of index ${index}`}, ${held.truth.customer} just charged`,
    )
  }
  return kills
}

/** What a run that ends too early would keep waiting for ever. */
async function orEnd<Result>(run: JobcapRun, wanted: Promise<Result>): Promise<Result> {
  const ended = run.end().then(({ job }): never => {
    throw new Error(`the Job ended too early: ${job.condition}, ${job.reason}: ${job.message}`)
  })
  return Promise.race([wanted, ended])
}

function containerOf(victim: 'app' | 'sidecar'): string {
  return victim === 'app' ? 'bill' : 'jobcap-proxy'
}

/** How many places within an app container hold the vendor's secret. */
async function huntForSecrets({ stage, runManifest, progress }: Scene): Promise<number> {
  const { exitCode, summary } = await runManifest(stage.huntManifest).end()
  const lines = readLogs(summary.logs)
  if (exitCode !== 0 || !lines.includes('searched')) throw new Error('the hunt for the secret did not come to its end')
  const found = lines.filter((line) => line.startsWith('FOUND'))
  for (const line of found) progress.step(line)
  progress.step(`the vendor's secret inside an app container: found in ${found.length} places`)
  return found.length
}

/** Moves the bar with each charge at the vendor; returns what stops it. */
function followCharges({ vendor, stage, progress }: Scene): () => void {
  let isOver = false
  const follow = async (count: number): Promise<void> => {
    await vendor.control.reached('effect', count)
    if (isOver) return
    progress.bar(count, stage.customers.length, 'charged')
    if (count < stage.customers.length) await follow(count + 1)
  }
  follow(1).catch(() => {
    // The vendor has been stopped: the act is over.
  })
  return () => {
    isOver = true
    progress.endBar()
  }
}

function describe({ stage, vendor }: Scene): string {
  const { charged, duplicates, spentMicros } = judgeCharges(stage.customers, vendor.truth())
  return `${charged} of ${stage.customers.length} charged, ${duplicates} twice, $${(spentMicros / 1_000_000).toFixed(2)}`
}
