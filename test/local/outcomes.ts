import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** What a small Job comes to, as its line in jobs/outcomes.yaml says it. */
export interface Outcome {
  readonly condition: string
  readonly reason: string
  readonly message?: string
  readonly succeeded: number
  readonly failed: number
  readonly pods?: readonly (readonly [number | null, string, Readonly<Record<string, number>>])[]
  readonly messages?: Readonly<Record<string, readonly string[]>>
  readonly restarts?: number
}

/** What became of a Job, whoever ran it. */
export interface Ended {
  /** Null where it has not ended. */
  readonly condition: { readonly type: string; readonly reason: string; readonly message: string } | null
  readonly succeeded: number
  readonly failed: number
  readonly pods: readonly EndedPod[]
}

export interface EndedPod {
  readonly pod: { readonly name: string; readonly index: number | null }
  readonly result: { readonly phase: string; readonly containers: readonly EndedContainer[] }
}

/** As it ended last. */
export interface EndedContainer {
  readonly name: string
  readonly exitCode: number
  readonly restarts: number
  readonly message: string
}

/** The Pod that runs when the deadline comes may be one more, which then counts. */
const FAILED_BY_CHANCE = 'ignored-failures'

const FOLDER = new URL('jobs/', import.meta.url)
const OUTCOMES = 'outcomes.yaml'

/** By the name of the Job's file. */
export const outcomes = parse(readFileSync(new URL(OUTCOMES, FOLDER), 'utf8')) as Readonly<Record<string, Outcome>>

/** Names of the Jobs that there are. */
export function smallJobs(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file !== OUTCOMES)
    .map((file) => file.replace('.yaml', ''))
}

/** YAML of a Job and of what it needs. */
export function smallJob(name: string): string {
  return readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')
}

/** What a Job that has ended so should have come to. */
export function askedOf(name: string, { failed }: Ended): Outcome {
  const outcome = outcomes[name]
  if (outcome === undefined) throw new Error(`${name} is not in ${OUTCOMES}`)
  return name === FAILED_BY_CHANCE ? { ...outcome, failed: Math.min(failed, 1) } : outcome
}

/** The parts of what became of a Job that the table speaks of. */
export function shown({ condition, succeeded, failed, pods }: Ended, asked: Outcome): Outcome {
  const sorted = [...pods].sort((a, b) => (a.pod.index ?? 0) - (b.pod.index ?? 0))
  const codesOf = (containers: readonly EndedContainer[]) =>
    Object.fromEntries(containers.map(({ name, exitCode }) => [name, exitCode]))
  const messagesOf = (name: string) =>
    sorted.map(({ result }) => result.containers.find((container) => container.name === name)?.message ?? 'none')
  const podName = pods.map(({ pod }) => pod.name).find((name) => condition?.message.includes(name)) ?? 'POD'
  return {
    condition: condition?.type ?? 'none',
    reason: condition?.reason ?? 'none',
    ...(asked.message === undefined ? {} : { message: condition?.message.replace(podName, 'POD') ?? 'none' }),
    succeeded,
    failed,
    ...(asked.pods === undefined
      ? {}
      : { pods: sorted.map(({ pod, result }) => [pod.index, result.phase, codesOf(result.containers)] as const) }),
    ...(asked.messages === undefined
      ? {}
      : { messages: Object.fromEntries(Object.keys(asked.messages).map((name) => [name, messagesOf(name)])) }),
    ...(asked.restarts === undefined
      ? {}
      : {
          restarts: sorted.flatMap(({ result }) => result.containers).reduce((sum, { restarts }) => sum + restarts, 0),
        }),
  }
}
