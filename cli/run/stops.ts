import { EXIT_MISCONFIGURED, EXIT_POD_REFUSED, EXIT_RUN_REFUSED, EXIT_UNREACHABLE } from '../../contract/exit-codes.ts'
import { ISSUER_CONTAINER, PROXY_CONTAINER } from '../../contract/labels.ts'
import type { JobResult } from '../../local/run.ts'
import type { Stop } from './events.ts'

/** Exit codes by which issuer and proxy say that they stopped the Pod, and what they mean without a message. */
const OWN_EXITS: ReadonlyMap<number, string> = new Map([
  [EXIT_RUN_REFUSED, 'The run is refused.'],
  [EXIT_POD_REFUSED, 'The Pod is refused.'],
  [EXIT_UNREACHABLE, 'No ledger, or then no proxy, answered in time.'],
  [EXIT_MISCONFIGURED, 'A setting cannot be read; see its log.'],
])

/** Why issuer and proxy stopped Pods of the Job: each reason once, in its newest words. */
export function stopsOf(pods: JobResult['pods']): Stop[] {
  const stops = new Map<string, Stop>()
  for (const { result } of pods) {
    for (const { name, exitCode, message } of result.containers) {
      const meaning = OWN_EXITS.get(exitCode)
      if ((name !== ISSUER_CONTAINER && name !== PROXY_CONTAINER) || meaning === undefined) continue
      const stop = { container: name, exitCode, reason: `exit_${exitCode}`, ...readStop(message, meaning) }
      stops.set(`${stop.reason} ${stop.level ?? ''}`, stop)
    }
  }
  return [...stops.values()]
}

type Told = Pick<Stop, 'message'> & Partial<Pick<Stop, 'reason' | 'level' | 'limitUsd' | 'spentUsd'>>

/** A termination message of issuer or proxy. */
export function readStop(message: string, meaning: string): Told {
  try {
    const { reason, level, limitUsd, spentUsd, ...told } = JSON.parse(message) as Partial<Stop>
    const texts = Object.entries({ reason, level, limitUsd, spentUsd }).filter(([, text]) => typeof text === 'string')
    return { ...Object.fromEntries(texts), message: told.message ?? meaning }
  } catch {
    return { message: message.trim() === '' ? meaning : message.trim() }
  }
}
