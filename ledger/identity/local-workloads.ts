import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { TOKEN_AUDIENCE } from '../../contract/labels.ts'
import { refusal } from '../../contract/refusals.ts'
import { parseLocalPodToken } from '../../contract/workload.schema.ts'
import type { Clock } from '../../runtime/clock.ts'
import { verifyPodToken } from '../../runtime/pod-token.ts'
import type { Workloads } from '../effects.ts'

export interface LocalWorkloadsOptions {
  /** Read by the runner too, which signs with it. */
  readonly tokenKey: Uint8Array
  /**
   * One Pod UID a line; outlives a restart of the ledger, so that an ended Pod stays ended. Several ledgers of one state
   * folder share it: what one of them is told, all know.
   */
  readonly endedPodsFile: string
  readonly clock: Clock
}

/** Where there is no cluster: the runner's signed token carries the facts. */
export function createLocalWorkloads({ tokenKey, endedPodsFile, clock }: LocalWorkloadsOptions): Workloads {
  let readBytes = 0
  let ended = new Set<string>()
  const isEnded = (podUid: string): boolean => {
    const { size } = statSync(endedPodsFile, { throwIfNoEntry: false }) ?? { size: 0 }
    if (size !== readBytes) ended = new Set(readLines(endedPodsFile))
    readBytes = size
    return ended.has(podUid)
  }
  return {
    async identify(podToken) {
      const token = parseLocalPodToken(verifyPodToken(podToken, tokenKey))
      if (token === undefined || token.audience !== TOKEN_AUDIENCE) return refusal('pod_token_invalid')
      if (token.expiresAtMs <= clock.nowMs()) return refusal('pod_token_invalid', 'The Pod token has expired.')
      const { facts } = token
      return isEnded(facts.pod.uid) ? { ...facts, pod: { ...facts.pod, isEnding: true } } : facts
    },
    // The runner tells of each end before it starts the next Job.
    hasJobEnded: () => Promise.resolve(false),
    async podEnded(podUid) {
      if (isEnded(podUid)) return
      appendFileSync(endedPodsFile, `${podUid}\n`, { mode: 0o600, flush: true })
    },
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
