import { Router } from 'express'
import { asCallId, asJobUid, asRunUid } from '../../contract/ids.ts'
import { formatUsd } from '../../contract/money.ts'
import { parseResolve, parseRunQuery } from '../../contract/operators.schema.ts'
import type { ResolvedCallView, RunFilter } from '../../contract/operators.ts'
import { CALLS_ROUTE, JOURNALS_ROUTE, OPEN_CAPS_ROUTE, RUNS_ROUTE } from '../../contract/routes.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { RunRow } from '../../store/store.ts'
import type { Ledger } from '../ledger.ts'
import { parseJsonNumbersAsText } from './number-text.ts'
import { found, must } from './refused.ts'
import { runDetailView, runView } from './views.ts'

/** Runs and their ends, calls in doubt, the day caps after `--restored`, and journals that are lost. */
export function runRoutes(ledger: Ledger): Router {
  const { store, log } = ledger
  const router = Router()

  router.get(RUNS_ROUTE, async (request, response) => {
    const runs = await runsFor(ledger, must(parseRunQuery(request.query)))
    response.json({ runs: await fewAtOnce(runs, (run) => runView(ledger, run)) })
  })

  router.get(`${RUNS_ROUTE}/:run`, async (request, response) => {
    const run = found(await store.findRun(asRunUid(request.params.run)), 'run_unknown')
    response.json(await runDetailView(ledger, run))
  })

  router.post(`${RUNS_ROUTE}/:run/jobs/:job/ended`, async (request, response) => {
    const { run, job } = request.params
    const ended = found(await store.endJob(asRunUid(run), asJobUid(job)), 'run_unknown')
    log.info({ runUid: run, jobUid: job }, 'job ended')
    response.json(await runDetailView(ledger, ended))
  })

  router.post(`${RUNS_ROUTE}/:run/pods/:pod/ended`, async (request, response) => {
    const { run, pod } = request.params
    found(await store.findRun(asRunUid(run)), 'run_unknown')
    await ledger.workloads.podEnded(pod)
    response.json({ ended: true })
  })

  router.post(`${CALLS_ROUTE}/:call/resolve`, async (request, response) => {
    const word = must(parseResolve(parseJsonNumbersAsText(String(request.body))))
    const { call } = request.params
    const outcome = word.effect
      ? ({ kind: 'effect', spentUsdMicros: word.spentUsd } as const)
      : ({ kind: 'no_effect' } as const)
    const resolved = found(await store.resolveByPerson(asCallId(call), outcome), 'call_not_in_doubt')
    log.warn({ callId: call, effect: word.effect }, 'a person resolved a call in doubt')
    const { callId, state, spentUsdMicros } = resolved
    const view: ResolvedCallView = { call_id: callId, state, spent_usd: formatUsd(spentUsdMicros) }
    response.json(view)
  })

  router.post(OPEN_CAPS_ROUTE, async (_request, response) => {
    await store.openDayCaps()
    log.warn('a person opened the day caps')
    response.json({ opened: true })
  })

  router.post(`${JOURNALS_ROUTE}/:replica/given-up`, async (request, response) => {
    found(await ledger.care.giveUp(request.params.replica), 'journal_not_waited_for')
    response.json({ given_up: request.params.replica })
  })
  return router
}

async function runsFor({ store }: Ledger, { namespace, job, living }: RunFilter): Promise<readonly RunRow[]> {
  if (namespace === undefined || job === undefined) {
    return store.listRuns({ ...(namespace === undefined ? {} : { namespace }), isLiving: living ?? false })
  }
  const run = await store.findRunOfJob(namespace, job)
  return run === undefined || (living === true && run.jobs.every(({ isEnded }) => isEnded)) ? [] : [run]
}
