import type { AdmissionReview } from '../../contract/admission.schema.ts'
import { counted } from '../../contract/counted.ts'
import { CONTINUES_ANNOTATION, RUN_KEY_ANNOTATION } from '../../contract/labels.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { Log } from '../../runtime/log.ts'
import type { Timers } from '../../runtime/timers.ts'
import { objectAt, objectsAt, textAt, textsAt } from '../plan/json.ts'

/** Admission does not wait longer for a warning. */
const ANSWER_WITHIN_MS = 100

type AdmissionRequest = AdmissionReview['request']

/** What an earlier Job of the same name has paid for; this one would pay it again. */
export interface EarlierRuns {
  /** Undefined: nothing to warn of, or no answer in time. */
  warningFor(request: AdmissionRequest): Promise<string | undefined>
}

/** Asks the ledger, by reading only. */
export function createEarlierRuns(
  ledger: Pick<LedgerClient, 'listRuns' | 'findRun'>,
  { timers, log }: { readonly timers: Timers; readonly log: Log },
): EarlierRuns {
  async function ask(namespace: string, name: string): Promise<string | undefined> {
    const [run] = await ledger.listRuns({ namespace, job: name })
    const earlier = run?.jobs.at(-1)
    if (run === undefined || earlier === undefined || run.jobs.some(({ ended }) => !ended)) return undefined
    if (run.key.status === 'revoked') return undefined
    const { totals, key } = await ledger.findRun(run.run)
    if (totals.call_count === 0) return undefined
    const paid = `an earlier Job ${name} made ${counted(totals.call_count, 'call')} for $${key.spent_usd}; this one pays anew.`
    return `${paid} To replay them add the annotation ${CONTINUES_ANNOTATION}: ${earlier.uid}`
  }
  return {
    async warningFor(request) {
      const name = nameOfNewJob(request)
      if (name === undefined) return undefined
      const late = new AbortController()
      const answer = ask(request.namespace, name).catch((fault: unknown) => {
        log.debug({ err: fault }, 'the ledger was not asked about an earlier Job')
        return undefined
      })
      const tooLate = timers.sleep(ANSWER_WITHIN_MS, late.signal).catch(() => {})
      const warning = await Promise.race([answer, tooLate])
      late.abort()
      return warning ?? undefined
    },
  }
}

/** Of a Job that somebody names by hand and that joins no earlier run; those of a CronJob have a name each. */
function nameOfNewJob({ kind, operation, object }: AdmissionRequest): string | undefined {
  if (kind.kind !== 'Job' || operation !== 'CREATE') return undefined
  const metadata = objectAt(object, 'metadata')
  const annotations = textsAt(metadata, 'annotations')
  if (annotations[CONTINUES_ANNOTATION] !== undefined || annotations[RUN_KEY_ANNOTATION] !== undefined) return undefined
  if (objectsAt(metadata, 'ownerReferences').some((owner) => textAt(owner, 'kind') === 'CronJob')) return undefined
  return textAt(metadata, 'name') || undefined
}
