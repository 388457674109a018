import type { CallPlan, Plan } from './plan.ts'

const LOSSES: readonly Plan['acts'][number]['kind'][] = [
  'store restart',
  'store emptied',
  'store put back',
  'store made anew',
]

/** Whether the store answers whenever it is asked, and keeps what it has told. */
export function isStoreSteady({ acts, faults }: Plan): boolean {
  const isLoss = (fault: Plan['faults'][number]) =>
    fault.kind === 'store fault' || (fault.kind === 'crash' && fault.storeLosesMs !== null)
  return !faults.some(isLoss) && !acts.some(({ kind }) => LOSSES.includes(kind))
}

const CALM_FAULTS: readonly Plan['faults'][number]['kind'][] = ['link', 'vendor']
const CALM_ACTS: readonly Plan['acts'][number]['kind'][] = ['set cap', 'set day cap', 'set policy day cap', 'clock']

/** Nothing of ours ever ends or stands still, and no app makes two calls at once. */
export function isCalm({ acts, faults, jobs }: Plan): boolean {
  const steps = jobs.flatMap(({ programs }) => programs.flat())
  return (
    acts.every(({ kind }) => CALM_ACTS.includes(kind)) &&
    faults.every(({ kind }) => CALM_FAULTS.includes(kind)) &&
    steps.every((step) => step.kind === 'calls' && step.calls.length === 1)
  )
}

const ANSWERS: readonly string[] = ['refuse', 'decline', 'too many', 'slow']
/** Vendors are waited for a little longer. */
const PATIENCE_MS = 60_000

/** Whether each request that reaches a vendor is answered in time, and by something that says what became of it. */
export function doVendorsAnswer({ faults }: Plan): boolean {
  return faults.every((fault) => fault.kind !== 'vendor' || (ANSWERS.includes(fault.how) && fault.byMs < PATIENCE_MS))
}

const ACTS_ON_LEDGERS: readonly Plan['acts'][number]['kind'][] = [
  'ledger down',
  'drain',
  'lose journal',
  'copy journal',
  'old journal',
  'store restart',
  'store setting',
  'store emptied',
  'store put back',
  'store made anew',
  'long night',
]

/** Whether each ledger works on from its first call to its last, and so does its store. */
export function areLedgersSteady(plan: Plan): boolean {
  const isOnLedgers = (fault: Plan['faults'][number]) =>
    fault.kind === 'store fault' ||
    fault.kind === 'disk fault' ||
    ((fault.kind === 'crash' || fault.kind === 'pause') && fault.part === 'ledger')
  return (
    isStoreSteady(plan) &&
    !plan.faults.some(isOnLedgers) &&
    !plan.acts.some(({ kind }) => ACTS_ON_LEDGERS.includes(kind))
  )
}

function withWhatFollows(call: CallPlan): CallPlan[] {
  return [call, call.instead, call.afterwards].filter((one) => one !== undefined)
}

export function callsOf(plan: Plan): CallPlan[] {
  return plan.jobs.flatMap(({ programs }) =>
    programs.flatMap((steps) =>
      steps.flatMap((step) => (step.kind === 'calls' ? step.calls.flatMap(withWhatFollows) : [])),
    ),
  )
}
