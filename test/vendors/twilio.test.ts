import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { TwilioPrices, VendorPricing } from '../../contract/pricing.ts'
import { ROUTE_PATTERN } from '../../contract/route-pattern.ts'
import type { VendorTerms } from '../../contract/vendor.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import type { Priced } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { PLACEHOLDER_ACCOUNT } from '../../vendors/twilio/routes.ts'
import { segmentsOf } from '../../vendors/twilio/segments.ts'
import { type CallParts, callOf, FORM, JSON_TYPE, recognised, rowsOf, TWILIO_PRICES } from './calls.ts'

const TWILIO: VendorTerms = { name: 'twilio', type: 'twilio', routes: [] }
const REAL = `AC${'5e'.repeat(16)}`
const OTHER = `AC${'0f'.repeat(16)}`
const MESSAGES = `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/Messages.json`
const CALLS = `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/Calls.json`
const VA = `VA${'0b'.repeat(16)}`
const SM = `SM${'0b'.repeat(16)}`

const usd = (micros: number) => micros as UsdMicros
const NONE: TwilioPrices = {
  segmentUsdMicros: null,
  mmsUsdMicros: null,
  callMinuteUsdMicros: null,
  recordMinuteUsdMicros: null,
  machineDetectionUsdMicros: null,
  engagementUsdMicros: null,
}
const TEXTS: TwilioPrices = { ...NONE, segmentUsdMicros: usd(1) }
const PRICING: VendorPricing = {
  type: 'twilio',
  currencies: { bufferBasisPoints: 0, usdMicrosPerMajorUnit: {}, hash: '' },
  routes: [],
  idempotency: 'never',
  twilio: {
    accountSid: REAL,
    prices: TWILIO_PRICES,
    pricesByTo: {
      '+49': { ...NONE, segmentUsdMicros: usd(100_000) },
      '+4930': { ...NONE, segmentUsdMicros: usd(90_000) },
      'whatsapp:': { ...NONE, segmentUsdMicros: usd(5_000) },
    },
    callTimeLimitSeconds: null,
  },
}
const costing = costingOf('twilio')
const boundCell = (parts: CallParts, pricing = PRICING): string => {
  const bound = costing.bound(callOf({ path: MESSAGES, type: FORM, ...parts }), pricing)
  return String(isRefusal(bound) ? bound.code : bound.kind === 'priced' ? bound.totalUsdMicros : bound.kind)
}
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const TO = 'To=%2B15558675310&From=%2B15005550006'

describe('the segments of a Twilio message', () => {
  const ROWS: readonly [what: string, text: string, segments: number][] = [
    ['nothing', '', 1],
    ['160 plain characters', 'x'.repeat(160), 1],
    ['161 plain characters', 'x'.repeat(161), 2],
    ['306 plain characters', 'x'.repeat(306), 2],
    ['307 plain characters', 'x'.repeat(307), 3],
    ['80 euro signs, which count two', '€'.repeat(80), 1],
    ['81 euro signs', '€'.repeat(81), 2],
    ['152 characters and an escaped one that would be torn apart', `${'x'.repeat(152)}€${'x'.repeat(152)}`, 3],
    ['every character of the basic set', `@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ`, 1],
    ['70 characters of which one is foreign', `${'x'.repeat(69)}ж`, 1],
    ['71 characters of which one is foreign', `${'x'.repeat(70)}ж`, 2],
    ['a backtick, which GSM-7 does not have', `${'x'.repeat(70)}\``, 2],
    ['35 emoji of two units each', '😀'.repeat(35), 1],
    ['36 emoji: 33 fit into 67 units, a half one does not', '😀'.repeat(36), 2],
    ['67 emoji', '😀'.repeat(67), 3],
    ['a NUL', `${'x'.repeat(70)}\u0000`, 2],
    ['a combining accent', `${'e\u0301'.repeat(36)}`, 2],
    ['1,600 foreign characters', 'ж'.repeat(1_600), 24],
  ]
  for (const [what, text, segments] of ROWS) {
    it(`${what}: ${segments}`, () => expect(segmentsOf(text)).to.equal(segments))
  }
})

describe('what a Twilio call can cost', () => {
  const BOUNDS = `
    body                                            micros
    ${TO}&Body=Hi                                   7900
    ${TO}&Body=${'x'.repeat(161)}                   15800
    ${TO}&Body=Hi&MediaUrl=https://a/b&MediaUrl=c   20000
    ${TO}&Body=${'x'.repeat(400)}&MediaUrl=c        23700
    ${TO}&Body=Hi&SendAsMms=true                    20000
    ${TO}&ContentSid=HX1                            189600
    ${TO}&Body=Hi&ShortenUrls=true                  204600
    ${TO}&Body=Hi&ShortenUrls=True                  204600
    ${TO}&Body=Hi&ScheduleType=fixed                22900
    ${TO}&Body=Hi&ScheduleType=fixed&ShortenUrls=true  204600
    To=%2B4930123456&From=x&Body=Hi&ScheduleType=fixed  route_unknown
    To=%2B4930123456&From=x&Body=Hi&ShortenUrls=true  route_unknown
    ${TO}&Body=${'x'.repeat(300)}&MediaUrl=c        23700
    ${TO}&Body=${'%E2%80%A6'.repeat(70)}            7900
    ${TO}&Body=${'%E2%80%A6'.repeat(70)}&SmartEncoded=true  15800
    ${TO}&Body=${'%E2%80%A6'.repeat(70)}&MessagingServiceSid=MG1  15800
    ${TO}&Body=${'%D0%B6'.repeat(70)}&MessagingServiceSid=MG1  7900
    ${TO}&Body=Hi&ShortenUrls=False                 7900
    To=%2B4930123456&From=x&Body=Hi                 90000
    To=%2B4989123456&From=x&Body=Hi                 100000
    To=%2B4989123456&From=x&Body=Hi&MediaUrl=c      route_unknown
    To=whatsapp:%2B4930123456&From=x&Body=Hi        5000
    To=messenger:123&From=x&Body=Hi                 route_unknown
    To=030123456&From=x&Body=Hi                     amount_invalid
    To=004930123456&From=x&Body=Hi                  amount_invalid
    To=%2B49+30+123456&From=x&Body=Hi               amount_invalid
    To=%20%2B4930123456&From=x&Body=Hi              amount_invalid
    To=%EF%BC%8B4930123456&From=x&Body=Hi           amount_invalid
    From=x&Body=Hi                                  amount_invalid
    ${TO}&To=%2B4930123456&Body=Hi                  amount_invalid
    ${TO}&Body=Hi&Body=${'x'.repeat(900)}           amount_invalid
    ${TO}&MessagingServiceSid=a&MessagingServiceSid=b&Body=Hi  amount_invalid
    ${TO}&Body=Hi&body=${'x'.repeat(900)}           route_unknown
    ${TO}&Body=Hi&Numbers=30                        route_unknown
    ${TO}&Body[]=Hi                                 route_unknown
    ${TO}&Body                                      body_unreadable
    ${TO}&Body=%FF                                  body_unreadable
    ${TO};Body=Hi                                   body_unreadable
  `
  for (const [body = '', expected = ''] of rowsOf(BOUNDS)) {
    it(`POST Messages ${body.length > 90 ? `${body.slice(0, 90)}…` : body}: ${expected}`, () => {
      expect(boundCell({ body })).to.equal(expected)
    })
  }

  it('a call by the minutes of its limit, begun ones whole; without a limit it is refused', () => {
    const call = (more: string) => boundCell({ path: CALLS, body: `${TO}&Url=https://a/b${more}` })
    expect(call('&TimeLimit=60')).to.equal('14000')
    expect(call('&TimeLimit=61')).to.equal('28000')
    expect(call('&TimeLimit=86400')).to.equal('20160000')
    for (const limit of ['', '&TimeLimit=', '&TimeLimit=0', '&TimeLimit=-1', '&TimeLimit=1e9', '&TimeLimit=86401']) {
      expect(call(limit), limit).to.equal('amount_invalid')
    }
    expect(call('&TimeLimit=60&TimeLimit=600')).to.equal('amount_invalid')
  })

  it('is refused without a price by a sentence that names the field to give', () => {
    const bare = { ...PRICING, twilio: { ...PRICING.twilio, pricesByTo: { '+15': NONE } } } as VendorPricing
    const callable = { ...NONE, callMinuteUsdMicros: usd(1) }
    const calling = { ...bare, twilio: { ...bare.twilio, pricesByTo: { '+15': callable } } } as VendorPricing
    const texting = { ...bare, twilio: { ...bare.twilio, pricesByTo: { '+15': TEXTS } } } as VendorPricing
    for (const [field, pricing, path, more] of [
      ['segmentUsd', bare, MESSAGES, '&Body=Hi'],
      ['mmsUsd', texting, MESSAGES, '&MediaUrl=https://a.example/b.png'],
      ['engagementUsd', texting, MESSAGES, '&Body=Hi&ShortenUrls=true'],
      ['callMinuteUsd', bare, CALLS, '&TimeLimit=60'],
      ['recordMinuteUsd', calling, CALLS, '&TimeLimit=60&Record=true'],
      ['machineDetectionUsd', calling, CALLS, '&TimeLimit=60&MachineDetection=Enable'],
    ] as const) {
      const refused = costing.bound(callOf({ path, type: FORM, body: TO + more }), pricing)
      expect(isRefusal(refused) && refused.message, field).to.match(
        new RegExp(`so it is refused\\. To allow it, give the vendor there \`${field}\`\\.$`),
      )
    }
    const elsewhere = costing.bound(
      callOf({ path: MESSAGES, type: FORM, body: 'To=messenger:1&From=x&Body=Hi' }),
      PRICING,
    )
    expect(isRefusal(elsewhere) && elsewhere.message).to.include('an entry `messenger:` under `pricesByTo`')
  })

  it('costs more when it is recorded, and when Twilio listens who answers; without a price it is refused', () => {
    const call = (more: string, to = TO) => boundCell({ path: CALLS, body: `${to}&TimeLimit=61${more}` })
    expect(call('&Record=false&MachineDetection=')).to.equal('28000')
    expect(call('&Record=true')).to.equal('33000')
    expect(call('&Record=True&RecordingTrack=both')).to.equal('33000')
    expect(call('&MachineDetection=Enable')).to.equal('35500')
    expect(call('&MachineDetection=DetectMessageEnd&Record=1')).to.equal('40500')
    const bare = { ...PRICING.twilio, prices: { ...PRICING.twilio?.prices, recordMinuteUsdMicros: null } }
    const unpriced = { ...PRICING, twilio: bare } as VendorPricing
    expect(boundCell({ path: CALLS, body: `${TO}&TimeLimit=60&Record=true` }, unpriced)).to.equal('route_unknown')
    const deaf = { ...PRICING.twilio, prices: { ...PRICING.twilio?.prices, machineDetectionUsdMicros: null } }
    const silent = { ...PRICING, twilio: deaf } as VendorPricing
    expect(boundCell({ path: CALLS, body: `${TO}&TimeLimit=60&MachineDetection=Enable` }, silent)).to.equal(
      'route_unknown',
    )
  })

  const ROUTES = `
    method  path                                     expected
    POST    Messages/${SM}.json                      free
    DELETE  Messages/${SM}.json                      free
    DELETE  Messages/${SM}/Media/ME${'0'.repeat(32)}.json  free
    POST    Calls/CA${'0'.repeat(32)}.json           free
    GET     Messages.json                            free
    GET     Messages                                 free
    POST    Messages                                 path_ambiguous
    POST    Messages.JSON                            path_ambiguous
    POST    Messages.xml                             path_ambiguous
    POST    Messages.json/                           path_ambiguous
    POST    messages.json                            route_unknown
    POST    Messages..json                           route_unknown
    POST    Messages.json.                           path_ambiguous
    POST    Messages;a=b.json                        path_ambiguous
    POST    %4Dessages.json                          path_ambiguous
    POST    Calls/../Messages.json                   path_ambiguous
    POST    Calls%2f..%2fMessages.json               path_ambiguous
    POST    /Messages.json                           path_ambiguous
    POST    IncomingPhoneNumbers.json                route_unknown
    POST    Calls/CA${'0'.repeat(32)}/Recordings.json  route_unknown
    PUT     Messages.json                            route_unknown
    PATCH   Messages/${SM}.json                      route_unknown
  `
  for (const [method = '', path = '', expected = ''] of rowsOf(ROUTES)) {
    it(`${method} ${path}: ${expected}`, () => {
      const whole = `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/${path}`
      expect(boundCell({ method, path: whole, body: '' })).to.equal(expected)
    })
  }

  it('of a call that is up nothing but its end may be changed', () => {
    const path = `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/Calls/CA${'0'.repeat(32)}.json`
    expect(boundCell({ path, body: 'Status=completed' })).to.equal('free')
    for (const body of ['TimeLimit=86400', 'Url=https://a/b', 'Status=completed&Twiml=%3CDial%3E']) {
      expect(boundCell({ path, body }), body).to.equal('route_unknown')
    }
  })

  it('reads of other products are not taken for free, but for their services', () => {
    const cell = (path: string) => boundCell({ method: 'GET', path, body: '' })
    expect(cell('/v1/Services')).to.equal('free')
    expect(cell('/v2/PhoneNumbers/+15558675310')).to.equal('route_unknown')
    expect(recognised('kind', { method: 'GET', path: '/v2/PhoneNumbers/+15558675310' }, TWILIO)).to.equal('mutating')
  })

  const OTHER_PRODUCTS = `
    method  path                                       type    pattern
    POST    /v2/Services/${VA}/Verifications           form    POST /v2/Services/*/Verifications
    POST    /v2/Services/${VA}/VerificationCheck       form    POST /v2/Services/*/VerificationCheck
    GET     /v2/PhoneNumbers/+15558675310              -       GET /v2/PhoneNumbers/*
    POST    /v1/Conversations                          form    POST /v1/Conversations
    POST    /v1/Content                                json    POST /v1/Content
    DELETE  /v1/Services/${VA}                         -       DELETE /v1/Services/*
    POST    /2010-04-01/Accounts/${REAL}/Calls/${SM}/Siprec.json  form  POST /2010-04-01/Accounts/*/Calls/*/Siprec.json
    PUT     /2010-04-01/Accounts/${REAL}/Calls/${SM}.json  form  PUT /2010-04-01/Accounts/*/Calls/*
  `
  for (const [method = '', path = '', form = '', pattern = ''] of rowsOf(OTHER_PRODUCTS)) {
    it(`${method} ${path}, of another product, is refused with the way to declare it`, () => {
      const type = form === 'json' ? JSON_TYPE : FORM
      const body = { json: '{"friendly_name":"a"}', form: 'To=%2B15558675310&Channel=sms' }[form] ?? ''
      const parts = { method, path, type, body }
      const bound = costing.bound(callOf(parts), PRICING)
      expect(bound).to.have.property('code', 'route_unknown')
      const says = 'message' in bound ? bound.message : ''
      expect(says).to.include('type `generic`').and.to.include(`routes: [{match: "${pattern}"`)
      expect(ROUTE_PATTERN.test(pattern)).to.equal(true)
      expect(recognised('kind', parts, TWILIO)).to.equal('mutating')
    })
  }

  it('calls of another product that differ in their body are different calls, in JSON too', () => {
    const digest = (body: string, type = JSON_TYPE) => recognised('digest', { path: '/v1/Content', type, body }, TWILIO)
    expect(digest('{"a":1,"b":2}')).to.equal(digest('{"b":2,"a":1}'))
    expect(digest('{"a":1}')).to.not.equal(digest('{"a":2}'))
    expect(digest('a=1', FORM)).to.not.equal(digest('a=2', FORM))
  })

  it('parameters in the query, a body that is no form and a method in a header are refused', () => {
    expect(boundCell({ query: 'To=%2B4930123456', body: `${TO}&Body=Hi` })).to.equal('request_malformed')
    expect(boundCell({ type: JSON_TYPE, body: '{"To":"+15558675310","Body":"Hi"}' })).to.equal('body_unreadable')
    expect(boundCell({ type: 'multipart/form-data', body: `${TO}&Body=Hi` })).to.equal('body_unreadable')
    expect(boundCell({ headers: { 'x-http-method-override': 'DELETE' }, body: '' })).to.equal('request_malformed')
  })
})

describe('what a sent Twilio message came to', () => {
  const settled = (body: string, resource: object, status = 201) => {
    const call = callOf({ path: MESSAGES, type: FORM, body })
    const bound = costing.bound(call, PRICING)
    if (isRefusal(bound) || bound.kind !== 'priced') throw new Error('no bound')
    const answer = { status, headers: {}, body: Buffer.from(JSON.stringify(resource)) }
    return costing.actual({ call, answer, bound })
  }
  const long = `${TO}&Body=${'x'.repeat(161)}`

  it('is our own count where Twilio says 0, and Twilio’s where it is the larger', () => {
    expect(settled(long, { sid: SM, num_segments: '0' })).to.include({ totalUsdMicros: 15_800, object: SM })
    expect(settled(long, { sid: SM, num_segments: '1' }).totalUsdMicros).to.equal(15_800)
    expect(settled(long, { sid: SM, num_segments: '3' }).totalUsdMicros).to.equal(23_700)
  })

  it('is Twilio’s count where the text was not known to us', () => {
    const template = `${TO}&ContentSid=HX1`
    expect(settled(template, { sid: SM, num_segments: '2', num_media: '0' }).totalUsdMicros).to.equal(15_800)
    expect(settled(template, { sid: SM, num_segments: '1', num_media: '1' }).totalUsdMicros).to.equal(20_000)
    expect(settled(template, { sid: SM, num_segments: '0' }).totalUsdMicros).to.equal(189_600)
    const smart = `${TO}&SmartEncoded=true&Body=${encodeURIComponent(`${'x'.repeat(70)}’`)}`
    expect(settled(smart, { sid: SM, num_segments: '1' }).totalUsdMicros).to.equal(7_900)
  })

  it('holds the fee beside a message whose links are shortened, once, and not the most that its text may grow to', () => {
    const shortened = `${TO}&Body=Hi&ShortenUrls=true&ScheduleType=fixed`
    expect(settled(shortened, { sid: SM, num_segments: '1' }).totalUsdMicros).to.equal(7_900 + 15_000)
    expect(settled(shortened, { sid: SM, num_segments: '0' }).totalUsdMicros).to.equal(189_600 + 15_000)
    const service = `${TO}&MessagingServiceSid=MG1&Body=${'%E2%80%A6'.repeat(70)}`
    expect(settled(service, { sid: SM, num_segments: '1' }).totalUsdMicros).to.equal(7_900)
    expect(settled(service, { sid: SM, num_segments: '0' }).totalUsdMicros).to.equal(15_800)
  })

  it('is the bound where an older version reserved a message without that fee', () => {
    const call = callOf({ path: MESSAGES, type: FORM, body: `${TO}&Body=Hi&ShortenUrls=true` })
    const { engagementUsdMicros: _, ...older } = TWILIO_PRICES
    const bound = { kind: 'priced', totalUsdMicros: usd(189_600), object: null, settlesAt: { twilio: older } } as Priced
    const answer = { status: 201, headers: {}, body: Buffer.from(JSON.stringify({ sid: SM, num_segments: '1' })) }
    expect(costing.actual({ call, answer, bound }).totalUsdMicros).to.equal(189_600)
  })

  it('is the bound where the answer cannot be read, and nothing where Twilio refused', () => {
    expect(settled(long, ['odd'])).to.include({ totalUsdMicros: 15_800, object: null, hasEffect: true })
    expect(settled(long, { sid: 'odd', num_segments: '-4' })).to.include({ totalUsdMicros: 15_800, object: null })
    expect(settled(long, { code: 21211 }, 400)).to.include({ totalUsdMicros: 0, hasEffect: false })
  })
})

describe('a Twilio call on its way', () => {
  const forward = (parts: CallParts, limit: number | null = null) => {
    const { twilio } = PRICING
    if (twilio === undefined) throw new Error('no terms')
    const pricing = { ...PRICING, twilio: { ...twilio, callTimeLimitSeconds: limit } }
    const forwarded = costing.forwardBody(callOf({ type: FORM, ...parts }), pricing)
    return isRefusal(forwarded) ? forwarded.code : `${forwarded.path} ${Buffer.from(forwarded.body).toString()}`
  }

  it('gets the real account in its path; another one is refused', () => {
    const real = MESSAGES.replace(PLACEHOLDER_ACCOUNT, REAL)
    expect(forward({ path: MESSAGES, body: TO })).to.equal(`${real} ${TO}`)
    expect(forward({ path: real, body: TO })).to.equal(`${real} ${TO}`)
    expect(forward({ path: MESSAGES.replace(PLACEHOLDER_ACCOUNT, OTHER), body: TO })).to.equal('endpoint_not_allowed')
    expect(forward({ path: MESSAGES.replace(PLACEHOLDER_ACCOUNT, REAL.replaceAll('e', 'E')), body: TO })).to.equal(
      'endpoint_not_allowed',
    )
    expect(forward({ method: 'GET', path: `/2010-04-01/Accounts/${OTHER}.json` })).to.equal('endpoint_not_allowed')
  })

  it('gets a time limit only where it has none', () => {
    expect(forward({ path: CALLS, body: TO }, 600)).to.match(/&TimeLimit=600$/)
    expect(forward({ path: CALLS, body: `${TO}&TimeLimit=60` }, 600)).to.match(/&TimeLimit=60$/)
    expect(forward({ path: CALLS, body: TO })).not.to.include('TimeLimit')
    expect(forward({ path: MESSAGES, body: TO }, 600)).not.to.include('TimeLimit')
  })
})

describe('which Twilio call it is', () => {
  const digest = (parts: CallParts) => recognised('digest', { path: MESSAGES, type: FORM, ...parts }, TWILIO)
  const core = (body: string) => recognised('core', { path: MESSAGES, type: FORM, body }, TWILIO)

  it('is the same under the placeholder and the real account, and in another order of fields', () => {
    const one = digest({ body: form({ To: '+1', Body: 'Hi' }) })
    expect(digest({ body: form({ Body: 'Hi', To: '+1' }) })).to.equal(one)
    expect(
      digest({ path: MESSAGES.replace(PLACEHOLDER_ACCOUNT, REAL), body: form({ To: '+1', Body: 'Hi' }) }),
    ).to.equal(one)
    expect(digest({ body: form({ To: '+1', Body: 'Hi.' }) })).not.to.equal(one)
    expect(digest({ path: CALLS, body: form({ To: '+1', Body: 'Hi' }) })).not.to.equal(one)
  })

  it('has as its core whom it goes to, from whom, and the text', () => {
    const one = core(form({ To: '+1', From: '+2', Body: 'Hi', StatusCallback: 'https://a' }))
    expect(core(form({ To: '+1', From: '+2', Body: 'Hi', StatusCallback: 'https://b' }))).to.equal(one)
    expect(core(form({ To: '+1', From: '+3', Body: 'Hi' }))).not.to.equal(one)
    expect(core(form({ Body: 'Hi' }))).to.equal(null)
  })

  it('is shown without account and ids', () => {
    expect(recognised('route', { path: MESSAGES }, TWILIO)).to.equal('POST /2010-04-01/Accounts/*/Messages.json')
    const path = MESSAGES.replace('.json', `/${SM}.json`)
    expect(recognised('route', { method: 'GET', path }, TWILIO)).to.equal('GET /2010-04-01/Accounts/*/Messages/*.json')
  })
})
