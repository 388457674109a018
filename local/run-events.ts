import type { JobCondition } from './controller/job-state.ts'
import type { PodEvent, PodResult } from './kubelet/events.ts'

/** What happens in a local run, as it happens. */
export type RunEvent =
  | { readonly type: 'job-started'; readonly job: string; readonly uid: string }
  | { readonly type: 'pod-started'; readonly pod: string; readonly index: number | null }
  | (PodEvent & { readonly pod: string; readonly index: number | null })
  | { readonly type: 'pod-ended'; readonly pod: string; readonly index: number | null; readonly result: PodResult }
  | {
      readonly type: 'job-ended'
      readonly job: string
      /** Null when it was interrupted. */
      readonly condition: JobCondition | null
      readonly succeeded: number
      readonly failed: number
    }

/** The event as a line for people, without a line end. */
export function describeEvent(event: RunEvent): string {
  switch (event.type) {
    case 'job-started':
      return `job ${event.job} started (uid ${event.uid})`
    case 'pod-started':
      return `pod ${event.pod} started`
    case 'container-started':
      return `[${event.pod} ${event.container}] started in ${event.startMs.toFixed(0)} ms`
    case 'container-ended': {
      const message = event.message === '' ? '' : `: ${event.message.trimEnd()}`
      return `[${event.pod} ${event.container}] ended with exit code ${event.exitCode}${message}`
    }
    case 'log':
      return `[${event.pod} ${event.container}] ${event.line}`
    case 'note':
      return `[${event.pod} ${event.container}] note: ${event.text}`
    case 'pod-ended':
      return `pod ${event.pod} ${event.result.phase}`
    case 'job-ended': {
      const counts = `${event.succeeded} succeeded, ${event.failed} failed`
      if (event.condition === null) return `job ${event.job} interrupted (${counts})`
      return `job ${event.job} ${event.condition.type}: ${event.condition.reason}: ${event.condition.message} (${counts})`
    }
  }
}
