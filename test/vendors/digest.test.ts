import { expect } from 'chai'
import { encodeForm, parseForm } from '../../vendors/content/form.ts'
import { isRefusal } from '../../vendors/registry/identity.ts'
import { toStripeForm } from '../../vendors/stripe/form.ts'
import { type CallParts, FORM, GEOCODE, JSON_TYPE, recognised, STRIPE } from './calls.ts'
import { type Chance, chanceOf, SEED, shuffled } from './chance.ts'

const charge = 'amount=100&currency=usd&customer=cus_1'

function multipart(boundary: string, fileBytes = 'GIF89a'): CallParts {
  const lines = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="purpose"',
    '',
    'dispute_evidence',
    `--${boundary}`,
    'Content-Type: image/gif',
    'Content-Disposition: form-data; name="file"; filename="a.gif"',
    '',
    fileBytes,
    `--${boundary}--`,
    '',
  ]
  return { type: `multipart/form-data; boundary=${boundary}`, body: lines.join('\r\n') }
}

/** The same parts, with the headers of the second turned round and in lower case. */
function multipartTurned(boundary: string): CallParts {
  const { type = '', body = '' } = multipart(boundary)
  const turned = String(body).replace(/(Content-Type)(: [^\r]*)\r\n(Content-Disposition)(: [^\r]*)/, (...found) => {
    const [, type, gif, disposition, name] = found as string[]
    return `${disposition?.toLowerCase()}${name}\r\n${type?.toLowerCase()}${gif}`
  })
  if (turned === body) throw new Error('nothing was turned')
  return { type, body: turned }
}

type Pair = readonly [name: string, left: CallParts, right: CallParts]

const SAME: readonly Pair[] = [
  ['form fields in another order', { body: charge }, { body: 'customer=cus_1&currency=usd&amount=100' }],
  ['the same form encoded otherwise', { body: 'metadata[a b]=c d' }, { body: 'metadata%5Ba+b%5D=c%20d' }],
  [
    'a form and its JSON',
    { body: charge },
    { type: JSON_TYPE, body: '{"customer":"cus_1","amount":100,"currency":"usd"}' },
  ],
  [
    'a form and JSON of nested values',
    { body: 'a[b][c]=1&l[0]=x&l[1][y]=true&n=&big=12345678901234567890' },
    {
      type: JSON_TYPE,
      body: '{"big":12345678901234567890,"a":{"b":{"c":1}},"l":["x",{"y":true}],"n":null,"e":[],"o":{}}',
    },
  ],
  [
    'JSON with names in another order',
    { type: JSON_TYPE, body: '{"a":{"x":1,"y":2},"b":3}' },
    { type: JSON_TYPE, body: '{ "b":3, "a":{"y":2,"x":1} }' },
  ],
  ['an empty body and a type without body', { body: '' }, { body: '', type: JSON_TYPE }],
  ['a type with its charset', { body: charge }, { body: charge, type: `${FORM}; charset=UTF-8` }],
  ['multipart under another boundary', multipart('xxxx1'), multipart('yyyyyyyy2')],
  ['multipart with the headers of a part in another order', multipart('b'), multipartTurned('b')],
  ['query fields in another order', { query: 'a=1&b=2', body: charge }, { query: 'b=2&a=1', body: charge }],
  [
    'headers that say nothing of the content',
    { body: charge },
    {
      body: charge,
      headers: {
        authorization: 'Bearer sk',
        'idempotency-key': 'x',
        'user-agent': 'a',
        'x-stripe-client-telemetry': '{}',
        'x-stainless-retry-count': '1',
        'amz-sdk-invocation-id': '1',
        date: 'now',
        'content-length': '3',
        accept: '*/*',
        'accept-encoding': 'gzip',
        connection: 'close',
        traceparent: '00-1',
        'stripe-version': '2026-01-01',
      },
    },
  ],
]

const DIFFERENT: readonly Pair[] = [
  ['another amount', { body: charge }, { body: charge.replace('100', '101') }],
  ['another method', { body: charge }, { body: charge, method: 'DELETE' }],
  ['another path', { body: charge }, { body: charge, path: '/v1/charges' }],
  ['another query', { query: 'expand[]=a' }, { query: 'expand[]=b' }],
  ['another order in a list', { body: 'expand[]=a&expand[]=b' }, { body: 'expand[]=b&expand[]=a' }],
  ['another item of a list', { body: 'i[][n]=a&i[][p]=1&i[][n]=b' }, { body: 'i[][n]=a&i[][n]=b&i[][p]=1' }],
  ['another order of one name', { query: 'a=1&a=2' }, { query: 'a=2&a=1' }],
  ['fields that run into each other', { body: 'a=b%26c%3Dd' }, { body: 'a=b&c=d' }],
  [
    '20 digits that are one double',
    { type: JSON_TYPE, body: '{"id":12345678901234567890}' },
    { type: JSON_TYPE, body: '{"id":12345678901234567891}' },
  ],
  ['numbers written otherwise', { type: JSON_TYPE, body: '{"a":1}' }, { type: JSON_TYPE, body: '{"a":1.0}' }],
  ['a connected account', { body: charge }, { body: charge, headers: { 'stripe-account': 'acct_1' } }],
  [
    'another connected account',
    { body: charge, headers: { 'stripe-account': 'acct_1' } },
    { body: charge, headers: { 'stripe-account': 'acct_2' } },
  ],
  [
    'an account and a context',
    { body: charge, headers: { 'stripe-account': 'acct_1' } },
    { body: charge, headers: { 'stripe-context': 'acct_1' } },
  ],
  ['other bytes in a part', multipart('xxxx1'), multipart('xxxx1', 'GIF89b')],
  ['bytes under another type', { type: 'text/plain', body: 'a' }, { type: 'text/csv', body: 'a' }],
]

const UNREADABLE: readonly (readonly [name: string, parts: CallParts])[] = [
  ['a JSON body cut short', { type: JSON_TYPE, body: '{"amount":100' }],
  ['a JSON name given twice', { type: JSON_TYPE, body: '{"amount":1,"amount":2}' }],
  ['a JSON list at the top', { type: JSON_TYPE, body: '[1]' }],
  ['JSON with a name in brackets gone wrong', { type: JSON_TYPE, body: '{"[amount]":1}' }],
  ['JSON with an empty inner name', { type: JSON_TYPE, body: '{"a":{"":1}}' }],
  ['a broken escape', { body: 'amount=%zz' }],
  ['a form not in UTF-8', { body: 'a=%ff' }],
  ['bytes not in UTF-8', { body: Buffer.from([0x61, 0x3d, 0xff]) }],
  ['another charset', { body: charge, type: `${FORM}; charset=utf-16` }],
  ['a field without =', { body: 'amount' }],
  ['a field without name', { body: '=1' }],
  ['a separator that some read', { body: 'description=x;amount=5' }],
  ['a name that some readers trim', { body: '%20amount=5' }],
  ['a name in odd brackets', { body: '[amount]=5' }],
  ['a bracket left open', { body: 'amount[=5' }],
  ['a byte order mark', { type: JSON_TYPE, body: '\ufeff{}' }],
  ['multipart without boundary', { type: 'multipart/form-data', body: 'x' }],
  ['multipart that does not end', { type: 'multipart/form-data; boundary=b', body: '--b\r\nA: b\r\n\r\nx' }],
]

describe('the digest of a call', () => {
  for (const [name, left, right] of SAME) {
    it(`is the same for ${name}`, () => {
      expect(recognised('digest', left))
        .to.match(/^[0-9a-f]{64}$/)
        .and.equal(recognised('digest', right))
    })
  }

  for (const [name, left, right] of DIFFERENT) {
    it(`differs for ${name}`, () => {
      expect(recognised('digest', left)).to.match(/^[0-9a-f]{64}$/)
      expect(recognised('digest', right))
        .to.match(/^[0-9a-f]{64}$/)
        .and.not.equal(recognised('digest', left))
    })
  }

  for (const [name, parts] of UNREADABLE) {
    it(`is not taken of ${name}: the call is refused`, () => {
      expect(recognised('digest', parts)).to.equal('refused: body_unreadable')
    })
  }

  it('differs between two vendors of one policy', () => {
    expect(recognised('digest', { body: charge }, { ...STRIPE, name: 'stripe-eu' })).not.to.equal(
      recognised('digest', { body: charge }),
    )
  })

  it('keeps the kind of JSON values apart where the vendor reads JSON', () => {
    const digests = ['{"a":1}', '{"a":"1"}', '{"a":true}', '{"a":"true"}', '{"a":null}', '{}', '{"a":[]}'].map((body) =>
      recognised('digest', { type: JSON_TYPE, body }, GEOCODE),
    )
    expect(new Set(digests)).to.have.lengthOf(7)
  })

  it('of version 1 never changes: a run that lives through an upgrade finds its calls again', () => {
    expect(recognised('digest', { body: charge })).to.equal(
      '526f36630c24a15addff88d1c02765c263aa3bed909ddc66f37462212defce85',
    )
    expect(recognised('core', { body: charge })).to.equal(
      'b4fca5e0e748e78d45153aadbbe8949fbd4ea8a8032f7a19af4920373f9c7baf',
    )
  })

  it('an account header that is empty, given twice or too long is refused', () => {
    for (const value of ['', 'acct_1, acct_2', 'a'.repeat(201), 'acct 1']) {
      expect(recognised('account', { headers: { 'stripe-account': value } })).to.equal('refused: request_malformed')
    }
    expect(recognised('account', { headers: { 'stripe-account': 'acct_1' } })).to.equal('stripe-account=acct_1')
  })
})

describe('JSON for Stripe v1', () => {
  const FORMS: readonly (readonly [json: string, form: string])[] = [
    ['{"amount":100,"currency":"usd"}', 'amount=100&currency=usd'],
    ['{"metadata":{"order id":"7 & 8"},"expand":["customer"]}', 'metadata[order%20id]=7%20%26%208&expand[0]=customer'],
    ['{"a":true,"b":false,"c":null,"d":1.50,"e":[],"f":{}}', 'a=true&b=false&c=&d=1.50'],
    ['{"items":[{"price":"p_1","n":1},{"price":"p_2"}]}', 'items[0][price]=p_1&items[0][n]=1&items[1][price]=p_2'],
  ]
  for (const [json, form] of FORMS) {
    it(`${json} goes out as ${form}`, () => {
      expect(toStripeForm(json)).to.equal(form)
    })
  }

  it('a long name around many values is refused before it multiplies', () => {
    const values = Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join(',')
    expect(toStripeForm(`{"${'a'.repeat(500_000)}":{${values}}}`)).to.have.property('code', 'body_too_large')
  })

  it(`has the digest of its form, for random documents in random order (SEED=${SEED})`, () => {
    const chance = chanceOf(SEED)
    for (let round = 0; round < 300; round += 1) {
      const members = randomMembers(chance, 3)
      const json = jsonText(members)
      const form = toStripeForm(json)
      if (isRefusal(form)) expect.fail(`round ${round}: ${form.message} in ${json}`)
      const fields = parseForm(form)
      if (typeof fields === 'string') expect.fail(`round ${round}: ${fields}`)
      const other = encodeForm(shuffled(fields, chance)).replaceAll('[', '%5B').replaceAll('%20', '+')
      const digest = recognised('digest', { type: JSON_TYPE, body: json })
      expect(recognised('digest', { body: form }), json)
        .to.equal(digest)
        .and.match(/^[0-9a-f]{64}$/)
      expect(recognised('digest', { body: other }), json).to.equal(digest)
      expect(recognised('digest', { type: JSON_TYPE, body: jsonText(shuffled(members, chance)) }), json).to.equal(
        digest,
      )
      const changed = jsonText([...members, ['zz', `"${round}"`]])
      expect(recognised('digest', { type: JSON_TYPE, body: changed })).not.to.equal(digest)
    }
  })
})

describe('the core digest of a Stripe call', () => {
  it('is there only when the call names who pays or is paid', () => {
    for (const name of ['customer', 'payment_method', 'source', 'destination', 'charge', 'payment_intent']) {
      expect(recognised('core', { body: `amount=1&currency=usd&${name}=x_1` }), name).to.match(/^[0-9a-f]{64}$/)
    }
    for (const body of ['amount=1&currency=usd', 'amount=1&customer=', 'metadata[customer]=cus_1', '']) {
      expect(recognised('core', { body }), body).to.equal(null)
    }
    expect(recognised('core', { method: 'GET', query: 'customer=cus_1' })).to.equal(null)
  })

  it('stays when other fields change, and when JSON takes the place of the form', () => {
    const core = recognised('core', { body: `${charge}&metadata[at]=1` })
    expect(recognised('core', { body: `metadata[at]=2&${charge}&description=x` })).to.equal(core)
    expect(
      recognised('core', { type: JSON_TYPE, body: '{"amount":100,"currency":"usd","customer":"cus_1"}' }),
    ).to.equal(core)
  })

  it('changes with route, amount, currency and counterparty', () => {
    const cores = [
      { body: charge },
      { body: charge, path: '/v1/charges' },
      { body: charge.replace('100', '200') },
      { body: charge.replace('usd', 'eur') },
      { body: charge.replace('cus_1', 'cus_2') },
      { body: `${charge}&payment_method=pm_1` },
    ].map((parts) => recognised('core', parts))
    expect(new Set(cores)).to.have.lengthOf(cores.length)
  })
})

type Members = readonly (readonly [name: string, json: string])[]

/** Members whose values are JSON texts; names that Stripe could have. */
function randomMembers(chance: Chance, depth: number): Members {
  return Array.from({ length: 1 + chance.below(5) }, (_, at) => [
    `${chance.pick(['a', 'b_c', 'z9'])}_${at}`,
    randomText(chance, depth),
  ])
}

function randomText(chance: Chance, depth: number): string {
  const kind = chance.below(depth === 0 ? 3 : 5)
  if (kind === 0) return chance.pick(['0', '17', '12345678901234567890', '1.50', '-3', '1e3'])
  if (kind === 1) return chance.pick(['true', 'false', 'null'])
  if (kind === 2) return JSON.stringify(chance.pick(['', 'x', 'a&b=c;d', '50% + 1', 'ä 😀', '[0]', '\n\u0000']))
  if (kind === 3) return `[${Array.from({ length: chance.below(4) }, () => randomText(chance, depth - 1)).join(',')}]`
  return jsonText(randomMembers(chance, depth - 1))
}

function jsonText(members: Members): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
}
