import { expect } from 'chai'
import { isRefusal, recogniserOf } from '../../vendors/registry/identity.ts'
import { callOf, GEOCODE, recognised, rowsOf, STRIPE } from './calls.ts'

/** `agent`: bindings in the User-Agent, `-` for a client of another kind. */
const KEYS = `
  agent   key                                                     auto    trust
  -       invoice-2026-11-0042                                    named   named
  -       7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   named
  -       7C9E6679-7425-40DE-944B-E07FC1F90AE7                    token   named
  -       c232ab00-9414-11ec-b3c8-9f6bdeced846                    token   named
  -       1ec9414c-232a-6b00-b3c8-9f6bdeced846                    token   named
  -       017f22e2-79b0-7cc3-98c4-dc0c0c07398f                    token   named
  -       5df41881-3aed-3515-88a7-2f4a814cf09e                    named   named
  -       2ed6657d-e927-568b-95e1-2665a8aea6a2                    named   named
  -       000003e8-2363-21f0-a100-325096b39f47                    named   named
  -       2489e9ad-2ee2-8e00-8ec9-32d5f69181c0                    named   named
  -       5df41881-3aed-3515-c8a7-2f4a814cf09e                    token   named
  -       5df41881-3aed-0515-88a7-2f4a814cf09e                    token   named
  -       5df41881-3aed-f515-88a7-2f4a814cf09e                    token   named
  -       01ARZ3NDEKTSV4RRFFQ69G5FAV                              token   named
  -       00000000000000000000012345                              named   named
  -       81ARZ3NDEKTSV4RRFFQ69G5FAV                              named   named
  -       0123456789abcdef0123456789abcdef                        token   named
  -       0123456789abcdef0123456789abcde                         named   named
  -       V1StGXR8_Z5jdHi6B-myT                                   token   named
  -       customer-4711-2026-11                                   named   named
  -       order-7c9e6679-7425-40de-944b-e07fc1f90ae7              named   named
  -       stripe-node-retry-7c9e6679-7425-40de-944b-e07fc1f90ae7  token   token
  Node    stripe-node-retry-7c9e6679-7425-40de-944b-e07fc1f90ae7  token   token
  Node    7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   named
  Node    5df41881-3aed-3515-88a7-2f4a814cf09e                    named   named
  Python  5df41881-3aed-3515-88a7-2f4a814cf09e                    token   token
  Python  7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   token
  Python  invoice-2026-11-0042                                    named   named
  Ruby    7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   token
  Java    7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   token
  .Net    7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   token
  Go      1763786000123456789_aZ3-_9                              token   token
  Go      1763786000123456789_aZ3-_                               named   named
  Go      7c9e6679-7425-40de-944b-e07fc1f90ae7                    token   named
  -       1763786000123456789_aZ3-_9                              named   named
`

function keyKind(parts: { agent: string; key: string; appKeys: 'auto' | 'trust' }): string | undefined {
  const { agent, key, appKeys } = parts
  const userAgent = agent === '-' ? 'python-requests/2.32' : `Stripe/v1 ${agent}Bindings/16.1.0`
  const call = callOf({ body: 'amount=1', headers: { 'idempotency-key': key, 'user-agent': userAgent } })
  const identity = recogniserOf('stripe')(call, STRIPE, appKeys)
  return isRefusal(identity) ? identity.code : identity.key?.kind
}

describe('whose key it is', () => {
  for (const [agent = '', key = '', auto = '', trust = ''] of rowsOf(KEYS)) {
    it(`${key} from ${agent} is ${auto}, and with trusted app keys ${trust}`, () => {
      expect(keyKind({ agent, key, appKeys: 'auto' })).to.equal(auto)
      expect(keyKind({ agent, key, appKeys: 'trust' })).to.equal(trust)
    })
  }

  it('no key is no key, on a read even one that is sent', () => {
    expect(recognised('key', { body: 'amount=1' })).to.equal(null)
    expect(recognised('key', { method: 'GET', headers: { 'idempotency-key': 'a' } })).to.equal(null)
  })

  it('a key is kept as it was sent, up to 255 printable characters', () => {
    const value = `A b${'c'.repeat(252)}`
    expect(recognised('key', { headers: { 'idempotency-key': value } })).to.deep.equal({ kind: 'named', value })
  })

  const MALFORMED = {
    'given twice': 'a, a',
    empty: '',
    'of 256 characters': 'a'.repeat(256),
    'not ASCII': 'é',
    'with a tab': 'a\tb',
  }
  for (const [name, value] of Object.entries(MALFORMED)) {
    it(`a key ${name} is refused`, () => {
      for (const terms of [STRIPE, GEOCODE]) {
        expect(recognised('key', { headers: { 'idempotency-key': value } }, terms)).to.equal(
          'refused: request_malformed',
        )
      }
    })
  }

  it('a declared vendor has no SDK of Stripe: its prefix is a name there', () => {
    const headers = { 'idempotency-key': 'stripe-node-retry-1' }
    expect(recognised('key', { headers }, GEOCODE)).to.deep.equal({ kind: 'named', value: 'stripe-node-retry-1' })
  })
})
