import { asNonce, type CallId } from '../../contract/ids.ts'
import { vendorOf } from '../../policy/terms.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { CallRow } from '../../store/store.ts'
import { lookUp } from '../call/look-up.ts'
import { sendOnce } from '../call/send.ts'
import { LEASE_MS } from '../call/sends.ts'
import type { Ledger } from '../ledger.ts'
import { createWalks, type Walks } from './walks.ts'

const PAGE = 200
const AT_ONCE = 4
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 300_000

interface Patience {
  readonly pauseMs: number
  readonly notBeforeMs: number
}

/**
 * Takes up calls that nobody asks for again (M8). Sends again, under the same key, what the vendor lets us send again, with
 * a pause that doubles; a call that must not be sent twice is looked up at the vendor, and stays in doubt until that, or a
 * person, resolves it.
 */
export function createRepair(ledger: Ledger): Walks {
  const patience = new Map<CallId, Patience>()

  async function walk(isStopped: () => boolean): Promise<void> {
    const met = new Set<CallId>()
    let afterOrder = 0
    for (;;) {
      const page = await ledger.store.listUnresolved({ limit: PAGE, afterOrder })
      for (const { callId } of page) met.add(callId)
      const nowMs = ledger.clock.monotonicMs()
      const due = page.filter(({ callId }) => (patience.get(callId)?.notBeforeMs ?? 0) <= nowMs)
      await fewAtOnce(due, async (call) => (isStopped() ? undefined : takeUp(call)), AT_ONCE)
      afterOrder = page.at(-1)?.createdOrder ?? afterOrder
      if (page.length < PAGE || isStopped()) break
    }
    for (const callId of patience.keys()) if (!met.has(callId)) patience.delete(callId)
  }

  async function takeUp(call: CallRow): Promise<void> {
    const { callId } = call
    const pauseMs = Math.min((patience.get(callId)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS)
    patience.set(callId, { pauseMs, notBeforeMs: ledger.clock.monotonicMs() + pauseMs })
    const result = await repairOne(ledger, call)
    ledger.metrics.count('ledger_repairs_total', { result })
  }

  const { timers, log, settings } = ledger
  const everyMs = settings.repairEveryMs
  return createWalks({ timers, log, everyMs, failed: 'unresolved calls were not repaired', walk })
}

type RepairResult = 'resolved' | 'still_in_doubt' | 'live' | 'held' | 'not_possible'

async function repairOne(ledger: Ledger, unresolved: CallRow): Promise<RepairResult> {
  const key = await ledger.store.findKey(unresolved.keyId)
  const policy = ledger.policies.named(key?.policyName ?? '')
  const vendor = policy === undefined ? undefined : vendorOf(policy, unresolved.vendor)
  const isSendable = unresolved.repeat.kind === 'idempotent' && !unresolved.isRead
  if (isSendable && (policy === undefined || vendor === undefined || 'code' in vendor)) {
    ledger.log.warn(
      { callId: unresolved.callId, vendor: unresolved.vendor },
      'no policy names the vendor of a call in doubt',
    )
    return 'not_possible'
  }
  const nonce = asNonce(ledger.random.hex(8))
  const repaired = await ledger.store.repair(unresolved.callId, { nonce, leaseMs: LEASE_MS })
  const { call, status } = repaired
  switch (status) {
    case 'RESOLVED':
      return 'resolved'
    case 'LIVE':
      return 'live'
    case 'HELD': {
      if (vendor === undefined || 'code' in vendor) return 'held'
      const found = await lookUp(ledger, { row: call, vendor, handTo: null })
      return typeof found === 'object' ? 'resolved' : 'held'
    }
    case 'SEND':
      break
  }
  if (policy === undefined || vendor === undefined || 'code' in vendor) {
    throw new Error(`${call.callId} is to be sent, but no policy names its vendor`)
  }
  const ref = { callId: call.callId, epoch: call.epoch, gen: call.gen, nonce }
  const own = ledger.sends.begin(ref)
  const place = ledger.answers.open()
  try {
    const verdict = await sendOnce(ledger, { row: call, policy, vendor, place })
    const reported = await ledger.reports.give({ ...ref, outcome: verdict.outcome, handTo: null })
    ledger.log.info(
      { callId: call.callId, verdict: verdict.kind, now: reported?.status },
      'an unresolved call was sent again',
    )
    return verdict.kind === 'definite' || verdict.kind === 'not_sent' ? 'resolved' : 'still_in_doubt'
  } finally {
    place.empty()
    own.end()
  }
}
