import { expect } from 'chai'
import { claimsSchema, parseClaims } from '../../contract/claims.schema.ts'

const DIGEST = 'a1'.repeat(32)
const PLAIN = {
  historyId: 'h',
  identity: { route: 'POST /v1/charges', kind: 'mutating', account: '', digest: DIGEST, core: DIGEST, key: null },
  life: 1,
  ord: { boot: 1, seq: 7 },
  seen: [],
  delivery: { intactSinceBoot: 1, delivering: [] },
  saysDiverged: false,
  open: [],
}
/** One of each kind that a field may be given in its place, and what lies just outside of what it may be. */
const VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, 0, 1, -1, 1.5, 2 ** 53, Number.NaN, '', 'x', 'read', 'mutating', 'llm', 'token'],
  ...[DIGEST, DIGEST.toUpperCase(), `${DIGEST}\n`, DIGEST.slice(1), [], [1], [PLAIN.ord], {}, PLAIN.ord, { boot: 1 }],
  ...[
    { kind: 'token', value: 't' },
    { kind: 'named', value: '' },
    { kind: 'other', value: 't' },
  ],
  ...[64, 65, 255, 256, 500, 501, 2_000, 2_001].map((length) => 'x'.repeat(length)),
  { kind: 'token', value: 'x'.repeat(256) },
  { kind: 'token', value: 't', more: 1 },
  [{ life: 1, digest: DIGEST, n: 1, token: null }],
]

describe('claims', () => {
  it('are taken exactly as the schema says, whatever stands in the place of a field, is missing or too much', () => {
    let taken = 0
    for (const altered of alterations(PLAIN)) {
      const bySchema = claimsSchema.safeParse(altered).data
      expect(parseClaims(altered), JSON.stringify(altered)).to.deep.equal(bySchema)
      if (bySchema !== undefined) taken += 1
    }
    expect(taken).to.be.greaterThan(20)
  })
})

/** Every field, at any depth, with every value; without it; and with one beside it. */
function* alterations(value: object): Generator<object> {
  yield value
  yield { ...value, more: 1 }
  for (const [name, inner] of Object.entries(value)) {
    const { [name]: _, ...others } = value as Record<string, unknown>
    yield others
    for (const other of VALUES) yield { ...value, [name]: other }
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      for (const altered of alterations(inner)) yield { ...value, [name]: altered }
    }
  }
}
