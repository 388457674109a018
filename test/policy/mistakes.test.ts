import { expect } from 'chai'
import { capPolicySpecOpenApi, checkCapPolicy } from '../../policy/cap-policy.schema.ts'
import { meantDollars } from '../../policy/dollars.ts'
import { EXAMPLE_POLICY } from '../../policy/example-policy.ts'
import { formatPolicyProblem, parsePolicies } from '../../policy/policy-file.ts'
import { judgeTerms } from '../../policy/terms.ts'
import { EXAMPLE, edited, policyWith } from './example.ts'

const CAPS = '{perRunUsd: {default: "500.00", max: "20000.00"}, perDayUsd: "50000.00", perNamespaceDayUsd: "40000.00"}'
const DOLLARS = 'dollars are decimal text'

/** What is put for what of the example, and what is said: path, what was wanted, what was found, what to write. */
const TABLE: readonly (readonly [to: string, from: string, ...said: readonly string[]])[] = [
  [
    '{perRunUsd: "500"}',
    CAPS,
    'perRunUsd: a map belongs here; found "500"',
    'perRunUsd: {default: "50.00", max: "500.00"}',
  ],
  ['{perRunUsd: 500}', CAPS, 'perRunUsd: a map belongs here; found 500', 'write for example `perRunUsd: {default'],
  ['[perRunUsd]', CAPS, 'spec.caps: a map belongs here; found a list of 1', 'write for example `caps: {perRunUsd: {'],
  ['', CAPS, 'spec.caps: a map belongs here; found nothing', 'write for example `caps: {'],
  [
    '{perRunUSD: {default: "5"}}',
    CAPS,
    'perRunUsd: is missing; write for example',
    '`perRunUSD`; is `perRunUsd` meant?',
  ],
  ['{perRunUsd: {default: "5", maximum: "7"}}', CAPS, 'unknown field `maximum`; is `max` meant?'],
  ['{perRunUsd: {default: 5}}', CAPS, `default: ${DOLLARS} in quotes`, 'found 5: write "5"'],
  ['{perRunUsd: {default: 1e9}}', CAPS, 'found 1000000000: write "1000000000"'],
  ['{perRunUsd: {default: "$5"}}', CAPS, `default: ${DOLLARS} without sign`, 'found "$5": write "5"'],
  ['{perRunUsd: {default: "5 EUR"}}', CAPS, 'in US dollars alone', 'found "5 EUR"'],
  ['{perRunUsd: {default: "5,00"}}', CAPS, 'found "5,00": write "5.00"'],
  ['{perRunUsd: {default: "-5"}}', CAPS, `${DOLLARS} without sign`, 'found "-5"'],
  ['{perRunUsd: {default: "0.0000001"}}', CAPS, 'at most six decimals', 'found "0.0000001"'],
  ['{perRunUsd: {default: ["5"]}}', CAPS, 'found a list of 1'],
  ['{perRunUsd: {}}', CAPS, 'perRunUsd.default: is missing; write for example `default: "50.00"`'],
  ['expiresIn: 24', 'expiresIn: 24h', 'text belongs here; found 24; write for example `expiresIn: "24h"`'],
  ['expiresIn: 1 day', 'expiresIn: 24h', 'such as "90s", "45m", "24h" or "7d"; found "1 day"'],
  ['expireIn: 24h', 'expiresIn: 24h', 'unknown field `expireIn`; is `expiresIn` meant?'],
  ['appKeys: always', 'appKeys: auto', '`auto` or `trust`; found "always"', 'write for example `appKeys: auto`'],
  ['allowOptOut: no', 'allowOptOut: false', '`true` or `false`, without quotes belongs here; found "no"'],
  [
    'maxBodyKiB: "1024"',
    'allowOptOut: false',
    'a number without quotes belongs here; found "1024"',
    '`maxBodyKiB: 1024`',
  ],
  ['maxBodyKiB: 1e9', 'allowOptOut: false', 'at most 16384; found 1000000000'],
  ['maxBodyKiB: 1.5', 'allowOptOut: false', 'a whole number without quotes belongs here; found 1.5'],
  ['EUR: "1.08"', 'EUR: 1080000', 'whole micro-dollars for one major unit, for example 1080000; found "1.08"'],
  ['eur: 1080000', 'EUR: 1080000', 'an upper-case ISO 4217 code, for example EUR'],
  [
    'namespaceSelector: {team: a}',
    'namespaceSelector: {matchLabels: {jobcap.dev/inject: enabled}}',
    '`matchLabels: {jobcap.dev/inject: enabled}`',
  ],
  ['type: Stripe', 'type: stripe', 'type is `stripe`, `twilio`', 'found "Stripe"'],
  [
    'POST /v1/lookup',
    '["POST /v1/lookup"]',
    'a list belongs here; found "POST /v1/lookup"',
    '`allowedEndpoints: ["POST /v1/lookup"]`',
  ],
  ['[post /v1/lookup]', '["POST /v1/lookup"]', 'an upper-case method', 'found "post /v1/lookup"'],
  ['[]', '["POST /v1/lookup"]', 'at least 1; found a list of 0', 'write for example'],
  [
    'auth: {headers: X-Api-Key}',
    'auth: {header: X-Api-Key}',
    '`bearer`, {header, scheme?}',
    'found a map of `headers`',
  ],
  [
    'idempotency: {header: Idempotency-Key}',
    'idempotency: never',
    'windowHours: is missing; write for example `windowHours: 24`',
  ],
  [
    'idempotency: {header: A, windowHours: 24h}',
    'idempotency: never',
    'windowHours: a number without quotes',
    'found "24h"',
  ],
  ['idempotence: never', 'idempotency: never', 'idempotency: is missing', 'is `idempotency` meant?'],
  [
    'cost: "0.01", core',
    'usd: "0.01", core',
    'usd: is missing; write for example `usd: "0.01"`',
    'known here: `match`, `usd`',
  ],
  ['usd: 0.01, core', 'usd: "0.01", core', 'routes[0].usd: dollars are', 'found 0.01: write "0.01"'],
  ['core: /address', 'core: [/address]', 'core: a list belongs here; found "/address"', '`core: ["/account"]`'],
  ['geocode.example.com', 'http://127.0.0.1:12112', '`https://` or `http://` and a host', 'found another text'],
  ['ftp://geocode', 'http://127.0.0.1:12112', '`https://` or `http://` and a host', 'found another text'],
  ['https://geo/v1', 'http://127.0.0.1:12112', 'write `baseUrl: https://geo`; found a path after the host'],
  ['https://geo?key=5', 'http://127.0.0.1:12112', 'an address without query', 'found a ? in it'],
  ['https://me:x/y@geo', 'http://127.0.0.1:12112', 'since `secretRef` names the secret; found an @'],
  ['https://geo:99999', 'http://127.0.0.1:12112', 'there is no such host name or port'],
]

/** Of a vendor of tokens, whose address may have a path. */
const PATHS: readonly (readonly [baseUrl: string, said: string])[] = [
  ['https://llm.example.com/api/v1', 'calls bring `/v1` with them: leave it out'],
  ['https://llm.example.com//api', 'between single slashes'],
  ['https://llm.example.com/api?x=1', 'an address without query'],
  ['https://me:x@llm.example.com/api', 'found an @'],
]

describe('a mistake in a policy', () => {
  for (const [to, from, ...said] of TABLE) {
    it(`\`${to === '' ? `nothing for ${from.slice(0, 20)}…` : to}\` is named with what to write`, () => {
      const text = problemsOf(edited([[from, to]]))
      for (const words of said) expect(text).to.include(words)
      expect(text).not.to.match(/Invalid|expected|received|pattern|undefined/)
    })
  }

  it('`vendors` as a map is answered with a list', () => {
    const text = problemsOf(EXAMPLE.replace(/vendors:[^]*/, 'vendors: {stripe: {type: stripe}}\n'))
    expect(text).to.include('spec.vendors: a list belongs here; found a map of `stripe`')
    expect(text).to.include('write for example `vendors: [{name: ')
  })

  for (const [baseUrl, said] of PATHS) {
    it(`the address ${baseUrl} of a vendor of tokens is answered with what to write`, () => {
      expect(problemsOf(policyWithTokens(baseUrl, 'anthropic')))
        .to.include(`spec.vendors[0].baseUrl: `)
        .and.include(said)
    })
  }

  it('a price of a country is named as one for all is', () => {
    const twilio = `{name: sms, type: twilio, secretRef: {name: a, key: b}, accountSid: AC${'0'.repeat(32)}, prices: {},
      pricesByTo: {"+44": {segmentsUsd: "0.1"}}, allowedEndpoints: ["POST /2010-04-01/Accounts/*/Messages.json"]}`
    const text = problemsOf(EXAMPLE.replace(/vendors:[^]*/, `vendors: [${twilio}]\n`))
    expect(text).to.include('pricesByTo.+44.segmentsUsd: unknown field `segmentsUsd`; is `segmentUsd` meant?')
  })

  it('names that every object has are names like others', () => {
    const named = edited([
      ['type: generic', 'type: constructor'],
      ['{matchLabels: {jobcap.dev/inject: enabled}}', '{matchLabels: {toString: 5}}'],
    ])
    const text = problemsOf(named)
    expect(text).to.include('matchLabels.toString: text belongs here; found 5; write for example `toString: enabled`')
    expect(text).to.include('spec.vendors[1].type: type is `stripe`').and.include('found "constructor"')
    expect(problemsOf(edited([['allowOptOut: false', 'constructor: 1']]))).to.include('unknown field `constructor`')
  })

  it('never repeats what may be a secret', () => {
    const secrets = [
      ['secretRef: {name: stripe, key: api-key}', 'secretRef: sk_live_51Hx'],
      ['key: api-key}', 'key: "sk_live_51Hx/9"}'],
      ['auth: {header: X-Api-Key}', 'auth: sk_live_51Hx'],
      ['http://127.0.0.1:12112', 'http://me:sk_live_51Hx@geo'],
    ] as const
    for (const replaced of secrets) {
      const text = problemsOf(edited([replaced]))
      expect(text).to.match(/found (a text, not shown since it may be a secret|an @)/)
      expect(text).not.to.include('sk_live')
    }
  })
})

describe('a slash at the end of a vendor’s address', () => {
  it('says nothing', () => {
    const generic = parsePolicies(edited([['http://127.0.0.1:12112', 'http://127.0.0.1:12112/']]), 'p.yaml')
    expect(generic).to.have.nested.property('policies[0].vendors[1].baseUrl', 'http://127.0.0.1:12112')
    const tokens = parsePolicies(policyWithTokens('https://llm.example.com/api/'), 'p.yaml')
    expect(tokens).to.have.nested.property('policies[0].vendors[0].baseUrl', 'https://llm.example.com')
    expect(tokens).to.have.nested.property('policies[0].vendors[0].basePath', '/api')
    const versioned = parsePolicies(policyWithTokens('https://llm.example.com/v1/'), 'p.yaml')
    expect(versioned).to.have.nested.property('policies[0].vendors[0].basePath', '/v1')
  })
})

describe('the example that mistakes are answered with', () => {
  it('is a right policy', () => {
    expect(checkCapPolicy(EXAMPLE_POLICY)).to.have.property('policy')
  })

  it('has every field that the schema has', () => {
    const missing = fieldsOf(capPolicySpecOpenApi(), 'spec').filter((field) => !fieldsOfExample().has(field))
    expect(missing).to.deep.equal([])
  })
})

describe('what was meant by dollars', () => {
  const MEANT: readonly (readonly [found: unknown, meant: string | undefined])[] = [
    [5, '5'],
    [0.01, '0.01'],
    ['$5', '5'],
    ['5 dollars', '5'],
    ['USD 5.50', '5.50'],
    ['5$', '5'],
    [' 5 ', '5'],
    ['5,00', '5.00'],
    ['1,000.00', '1000.00'],
    ['1_000', '1000'],
    ['007', '7'],
    ['1e3', '1000'],
    // A thousand or one: not for us to say.
    ['1,000', undefined],
    ['1.000,00', undefined],
    ['5 EUR', undefined],
    ['€5', undefined],
    ['-1', undefined],
    [-1, undefined],
    ['1e-3', undefined],
    ['0.0000001', undefined],
    ['99999999999', undefined],
    ['', undefined],
    ['five', undefined],
    [Number.NaN, undefined],
    [{}, undefined],
    // Right as they are.
    ['5.00', undefined],
  ]
  for (const [found, meant] of MEANT) {
    it(`${JSON.stringify(found)} is ${meant ?? 'not guessed at'}`, () => {
      expect(meantDollars(found)).to.equal(meant)
    })
  }

  it('is what the annotation of a Job is told to say', () => {
    for (const [asked, write] of [
      ['5 dollars', '5'],
      ['$5', '5'],
      ['5,00', '5.00'],
      [' 5 ', '5'],
    ]) {
      const judged = judgeTerms({ policy: 'default', capUsd: asked ?? '' }, policyWith())
      expect(judged).to.have.property('message').that.includes(`"${asked}" is not decimal dollars`)
      expect(judged).to.have.property('message').that.includes(`: write "${write}"; at most "20000.00" is accepted`)
    }
  })
})

function problemsOf(yaml: string): string {
  const result = parsePolicies(yaml, 'p.yaml')
  return 'problems' in result ? result.problems.map(formatPolicyProblem).join('\n') : 'accepted'
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** `spec.vendors[].auth.header`, and so on; the fields of all forms of a choice. */
function fieldsOf(schema: Schema, path: string): string[] {
  const { properties = {}, items, additionalProperties, anyOf = [], oneOf = [] } = schema
  const below = Object.entries(properties).flatMap(([name, field]) => [
    `${path}.${name}`,
    ...fieldsOf(field, `${path}.${name}`),
  ])
  const named = typeof additionalProperties === 'object' ? fieldsOf(additionalProperties, `${path}.*`) : []
  const choices = [...anyOf, ...oneOf].flatMap((form) => fieldsOf(form, path))
  return [...below, ...named, ...choices, ...(items === undefined ? [] : fieldsOf(items, `${path}[]`))]
}

const OF_ANY_NAME = /\.(matchLabels|usdMicrosPerMajorUnit|pricesByTo|mediaTypes)$/

function fieldsOfExample(): ReadonlySet<string> {
  const fields = new Set<string>()
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`)
    else if (typeof value === 'object' && value !== null) {
      for (const [name, field] of Object.entries(value)) {
        const at = `${path}.${OF_ANY_NAME.test(path) ? '*' : name}`
        fields.add(at)
        walk(field, at)
      }
    }
  }
  walk(EXAMPLE_POLICY.spec, 'spec')
  return fields
}

function policyWithTokens(baseUrl: string, type = 'openai'): string {
  const llm = `{name: llm, type: ${type}, baseUrl: "${baseUrl}", secretRef: {name: a, key: b}, allowedEndpoints: ["POST /v1/embeddings"]}`
  return EXAMPLE.replace(/vendors:[^]*/, `vendors: [${llm}]\n`)
}
