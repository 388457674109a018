import type { HoldAct } from './plan.ts'

const DONE = { capture: 'captured', cancel: 'canceled' } as const

/** Contents go by the customer, so what is done to a hold has one of its own. */
export function customerOfAct(payer: string, act: HoldAct): string {
  return `${payer}_${DONE[act]}`
}

/** The hold and the act of a path; undefined where it is no such call. */
export function holdActOf(path: string): { readonly id: string; readonly act: HoldAct } | undefined {
  const [, id, act] = /\/payment_intents\/(pi_\d+)\/(capture|cancel)$/.exec(path) ?? []
  return id === undefined || act === undefined ? undefined : { id, act: act as HoldAct }
}
