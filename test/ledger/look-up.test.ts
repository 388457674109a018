import { expect } from 'chai'
import { asCallId, asNonce } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import { lookUp } from '../../ledger/call/look-up.ts'
import { sealRequest } from '../../ledger/call/stored-request.ts'
import { Secret } from '../../ledger/effects.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createSealer } from '../../ledger/seal.ts'
import type { Policy } from '../../policy/policy.ts'
import { GrowingRoom } from '../../runtime/growing-room.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import type { CallRow, SendReport } from '../../store/store.ts'

const NOW_MS = Date.parse('2026-11-27T12:00:00Z')
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const PATH = `/2010-04-01/Accounts/AC${'5e'.repeat(16)}/Messages.json`

const sealer = createSealer(systemRandom.bytes(32), systemRandom)
const VENDOR = { name: 'twilio', type: 'twilio', baseUrl: 'https://api.twilio.com', auth: null } as Policy['vendors'][0]
const vendor = { ...VENDOR, secretRef: { name: 'twilio', key: 'pair' } }

/** `To=+4930&From=+1555&Body=Hi`, in doubt, sent so long before now. */
function inDoubt(sentBeforeMs: number): CallRow {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const body = Buffer.from('To=%2B4930&From=%2B1555&Body=Hi')
  const call = { method: 'POST', path: PATH, query: '', headers, body }
  const bound = { kind: 'priced', totalUsdMicros: 7_900 as UsdMicros, object: null } as const
  return {
    ...{ callId: asCallId('call_1'), state: 'in_doubt', epoch: 1, gen: 0, open: [asNonce('a')] },
    repeat: { kind: 'never' },
    firstSentAtMs: NOW_MS - sentBeforeMs,
    sealedRequest: sealRequest(sealer, { call, bound, keyHeader: null }),
  } as unknown as CallRow
}

let sids = 0
/** As Twilio lists the message that was sent; `madeAfterMs`: after the send. */
function message(more: object = {}, madeAfterMs = 0, sentBeforeMs = MINUTE_MS): object {
  sids += 1
  return {
    ...{ sid: `SM${sids.toString(16).padStart(32, '0')}`, to: '+4930', from: '+1555', body: 'Hi' },
    ...{ direction: 'outbound-api', num_media: '0', num_segments: '1' },
    date_created: new Date(NOW_MS - sentBeforeMs + madeAfterMs).toUTCString(),
    ...more,
  }
}

interface Page {
  readonly status?: number
  readonly messages?: readonly object[]
  /** In the place of JSON. */
  readonly text?: string
  /** What Twilio's clock has beyond ours. */
  readonly aheadMs?: number
}

interface LookedAt {
  /** `not_possible`, `not_found`, or how many candidates the store was told of. */
  readonly came: string
  readonly asked: number
}

/** Each page names the next one. */
async function look(pages: readonly Page[], sentBeforeMs = MINUTE_MS): Promise<LookedAt> {
  let asked = 0
  let candidates = 0
  const row = inDoubt(sentBeforeMs)
  const send: Ledger['network']['send'] = async (_request, sink) => {
    const { status = 200, messages = [], text, aheadMs = 0 } = pages[asked] ?? {}
    asked += 1
    const next_page_uri = asked < pages.length ? `${PATH}?Page=${asked}` : null
    sink.head(status, { 'content-type': 'application/json', date: new Date(NOW_MS + aheadMs).toUTCString() })
    sink.data(Buffer.from(text ?? JSON.stringify({ messages, next_page_uri })))
    return { kind: 'answered' }
  }
  const give = async ({ outcome }: SendReport) => {
    candidates = outcome.kind === 'found' ? outcome.candidates.length : 0
    return { status: 'noted', call: row, isAlarm: false } as const
  }
  const ledger = {
    ...{ sealer, random: systemRandom, log: createLog('test', 'silent'), answers: new GrowingRoom(1_000_000) },
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    secrets: { read: () => new Secret('AC:token-of-twilio') },
    settings: { vendorDeadlineMs: 1_000 },
    network: { send, close: () => Promise.resolve() },
    reports: { give, flush: () => Promise.resolve(0) },
  } as unknown as Ledger
  const found = await lookUp(ledger, { row, vendor, handTo: null })
  const isTold = candidates > 0 || typeof found === 'object'
  return { came: isTold ? `${candidates} candidates` : found, asked }
}

describe('the look-up of a message that may have been sent', () => {
  const CASES: readonly (readonly [name: string, pages: readonly Page[], came: string])[] = [
    ['is the one that fits', [{ messages: [message()] }], '1 candidates'],
    [
      'is nobody’s to choose where two fit, on whichever pages',
      [{ messages: [message()] }, { messages: [message()] }],
      '2 candidates',
    ],
    ['with media is another', [{ messages: [message({ num_media: '1' })] }], 'not_found'],
    ['that came in is another', [{ messages: [message({ direction: 'inbound' })] }], 'not_found'],
    ['to somebody else is another', [{ messages: [message({ to: '+4931' })] }], 'not_found'],
    ['from another sender is another', [{ messages: [message({ from: '+1556' })] }], 'not_found'],
    ['made six minutes after the send is another', [{ messages: [message({}, 6 * MINUTE_MS)] }], 'not_found'],
    ['made a minute before it is another', [{ messages: [message({}, -MINUTE_MS)] }], 'not_found'],
    ['is dated by Twilio’s clock', [{ messages: [message({}, HOUR_MS)], aheadMs: HOUR_MS }], '1 candidates'],
    ['is not known where a page cannot be had', [{ messages: [message()] }, { status: 500 }], 'not_possible'],
    ['is not known where a page cannot be read', [{ messages: [message()] }, { text: '<p>busy</p>' }], 'not_possible'],
    ['is not known of a list that goes on after ten pages', Array(11).fill({ messages: [message()] }), 'not_possible'],
    ['is known of ten pages', [{ messages: [message()] }, ...Array(9).fill({ messages: [] })], '1 candidates'],
  ]
  for (const [name, pages, came] of CASES) {
    it(name, async () => {
      expect((await look(pages)).came).to.equal(came)
    })
  }

  it('reads no further once the list is older than the send', async () => {
    expect(await look([{ messages: [message(), message({}, -HOUR_MS)] }, {}])).to.deep.equal({
      came: '1 candidates',
      asked: 1,
    })
  })

  it('is a person’s after 48 hours: an object whose record is gone would look like nobody’s', async () => {
    const page = (sentBeforeMs: number) => look([{ messages: [message({}, 0, sentBeforeMs)] }], sentBeforeMs)
    expect(await page(48 * HOUR_MS)).to.deep.equal({ came: '1 candidates', asked: 1 })
    expect(await page(48 * HOUR_MS + 1)).to.deep.equal({ came: 'not_possible', asked: 0 })
  })
})
