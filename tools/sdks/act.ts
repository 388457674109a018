import type { Act, Call, Sdk, SdkCase, Step, Told, VendorSdks } from './case.ts'
import type { InstalledSdk } from './install.ts'
import { brokenTruth } from './judge.ts'
import { Pod, type PodPlan } from './pod.ts'
import type { World } from './world.ts'

/** What one case came to. */
export interface CaseResult {
  /** What is not as it was promised, a sentence each. */
  readonly problems: readonly string[]
  /** What the app saw, call by call. */
  readonly told: readonly Told[]
  /** Of a case with problems: the last that each part said. */
  readonly logs: Readonly<Record<string, string>>
}

/** One case that was run with one SDK. */
export interface Ran {
  readonly of: VendorSdks
  readonly sdk: Sdk
  readonly one: SdkCase
  readonly result: CaseResult
}

interface Scene {
  readonly world: World
  readonly plan: Omit<PodPlan, 'attempt'>
  readonly run: string
  readonly told: Told[]
  readonly problems: string[]
  attempt: number
  pod: Pod
}

/** Plays one case with one SDK: a Job of its own, its steps, then what the vendor and the record say. */
export async function actCase(world: World, installed: InstalledSdk, one: SdkCase): Promise<CaseResult> {
  const told: Told[] = []
  const problems: string[] = []
  let logs: CaseResult['logs'] = {}
  try {
    const scene = await openScene(world, installed, { one, told, problems })
    await actScene(scene, installed, one)
    if (problems.length > 0) logs = { ...scene.pod.logs, ledger: world.ledgerLog() }
  } catch (fault) {
    problems.push((fault as Error).message)
  }
  return { problems, told, logs }
}

async function actScene(scene: Scene, installed: InstalledSdk, one: SdkCase): Promise<void> {
  const { world } = scene
  const truthBefore = world.truth().length
  for (const fault of one.faults ?? []) await world.control.addFault(fault)
  try {
    await within(CASE_DEADLINE_MS, play(scene, one, installed))
    const lines = world.truth().slice(truthBefore)
    const { key } = await world.ledger.findRun(scene.run)
    scene.problems.push(...brokenTruth(one.truth, { lines, audit: await world.audit(scene.run), key }, world.of))
  } catch (fault) {
    scene.problems.push((fault as Error).message)
  } finally {
    await scene.pod.kill()
    await world.control.clearFaults()
    await world.control.clearHolds()
    await resolveAll(scene)
  }
}

async function play(scene: Scene, one: SdkCase, installed: InstalledSdk): Promise<void> {
  for (const step of one.steps) await take(scene, step, installed)
  await scene.pod.end()
  await scene.world.control.clearFaults()
  await isQuiet(scene, one)
}

/** The longest case takes 20 s on two cores that do nothing else; a program that never answers must not hold up the rest. */
const CASE_DEADLINE_MS = 120_000

async function within(deadlineMs: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not over after ${deadlineMs / 1000} s`)), deadlineMs)
  // Given up, it fails once its Pod is killed; that has been told by then.
  work.catch(() => undefined)
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

interface Opening {
  readonly one: SdkCase
  readonly told: Told[]
  readonly problems: string[]
}

async function openScene(world: World, installed: InstalledSdk, { one, told, problems }: Opening): Promise<Scene> {
  const job = world.nextJobName()
  const way = one.way ?? firstWay(installed)
  const plan = { world, installed, job, capUsd: one.capUsd, way }
  const pod = await Pod.start({ ...plan, attempt: 1 })
  return { world, plan, run: `uid-${job}`, told, problems, attempt: 1, pod }
}

async function take(scene: Scene, step: Step, installed: InstalledSdk): Promise<void> {
  if ('call' in step) return call(scene, step, installed)
  if ('dies' in step) return dies(scene, step.dies)
  if ('fault' in step) {
    await scene.world.control.addFault(step.fault)
    return
  }
  await act(scene, step.act)
}

async function call(scene: Scene, step: Call, { sdk }: InstalledSdk): Promise<void> {
  const told = await scene.pod.call(step)
  const problem = step.sees(told, { sdk, before: scene.told })
  if (problem !== undefined) scene.problems.push(`call ${scene.told.length}, \`${step.call}\`: ${problem}`)
  scene.told.push(told)
}

/** The node is lost while the vendor has carried out the call and its answer is on the way. */
async function dies(scene: Scene, doomed: Omit<Call, 'sees'>): Promise<void> {
  await scene.world.control.hold()
  const calling = scene.pod.call(doomed).catch(() => undefined)
  const held = await scene.world.control.nextHeld()
  await scene.pod.kill()
  await calling
  await scene.world.control.release(held.id)
  await replace(scene)
}

async function act(scene: Scene, name: Extract<Act, { act: string }>['act']): Promise<void> {
  const { world } = scene
  switch (name) {
    case 'revoke':
      await world.ledger.revokeKey((await world.ledger.findRun(scene.run)).key.key_id)
      return
    case 'clear_faults':
      await world.control.clearFaults()
      return
    case 'new_pod':
      await scene.pod.kill()
      return replace(scene)
    case 'kill_ledger':
      return world.killLedger()
  }
}

async function replace(scene: Scene): Promise<void> {
  const { plan } = scene
  await scene.world.ledger.endPod(scene.run, `uid-${plan.job}-0-${scene.attempt}`)
  scene.attempt += 1
  scene.pod = await Pod.start({ ...plan, attempt: scene.attempt })
}

/** Resolves when no more is reserved than the case says; each look is a round trip, and a call in doubt is repaired meanwhile. */
async function isQuiet({ world, run }: Scene, { truth }: SdkCase): Promise<void> {
  const giveUpAtMs = performance.now() + QUIET_WITHIN_MS
  const held = truth.heldUsd ?? '0.00'
  while ((await world.ledger.findRun(run)).key.reserved_usd !== held && performance.now() < giveUpAtMs);
}

const QUIET_WITHIN_MS = 10_000

/** A person looks after what is in doubt, so that the ledger does not ask for it during the next case. */
async function resolveAll({ world, run }: Scene): Promise<void> {
  const doubtful = new Set<string>()
  for (const event of await world.audit(run)) {
    if (event.event === 'call.in_doubt') doubtful.add(event.call.callId)
    if (event.event === 'call.settled' || event.event === 'call.released') doubtful.delete(event.call.callId)
  }
  for (const callId of doubtful) await world.ledger.resolveCall(callId, { effect: false })
}

function firstWay({ sdk }: InstalledSdk): PodPlan['way'] {
  const [way] = Object.keys(sdk.pointing) as PodPlan['way'][]
  if (way === undefined) throw new Error(`${sdk.name} has no way of being pointed at us`)
  return way
}
