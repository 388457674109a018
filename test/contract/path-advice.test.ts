import { expect } from 'chai'
import { pathAmbiguous } from '../../contract/path-advice.ts'
import { pathProblem } from '../../vendors/content/request.ts'

/** Path, what the refusal names, and the path as it says to write it; empty where there is no other way. */
const ADVICE: readonly (readonly [path: string, says: string, instead: string])[] = [
  ['/v1/customers/a%7Eb', 'holds `%7E`: write `~`', '/v1/customers/a~b'],
  ['/v1/customers/a%2Db', 'holds `%2D`: write `-`', '/v1/customers/a-b'],
  ['/v1/c%75stomers', 'holds `%75`: write `u`', '/v1/customers'],
  ['/v1/customers/a%2Eb', 'holds `%2E`: write `.`', '/v1/customers/a.b'],
  ['/v1/customers/a*', 'holds `*`: write `%2A`', '/v1/customers/a%2A'],
  ['/v1/customers/a"b', 'holds `"`: write `%22`', '/v1/customers/a%22b'],
  ['/v1/customers/a\u00c3\u00a9', 'not plain: write what is no ASCII percent-encoded', '/v1/customers/a%C3%A9'],
  ['/v1//customers', 'holds `//`: write one slash', '/v1/customers'],
  ['/v1/customers;a=b', 'holds `;`: leave it out', ''],
  ['/v1/customers%3Ba=b', 'holds `%3B`: leave it out', ''],
  ['/v1/customers/a%25b', 'holds `%25`: leave it out', ''],
  ['/v1/customers%2Fcus_1', 'holds `%2F`: leave it out', ''],
  ['/v1\\customers', 'holds `\\`: leave it out', ''],
  ['/v1/customers/../x', 'holds `/..`: write the path that is meant', ''],
  ['/v1/customers/%2e%2E/x', 'holds `/%2e%2E`: write the path that is meant', ''],
  ['/v1/customers%0d%0a', 'holds `%0d`: leave control characters out', ''],
  ['/v1/customers\u0009', 'a character that is not plain: leave control characters out', ''],
  ['/v1/customers%zz', 'holds `%`: write a percent sign only before', ''],
  ['/v1/customers%', 'holds `%`: write a percent sign only before', ''],
  ['/v1/customers.', 'holds `.`: end no segment with a dot', ''],
  ['/v1/customers/%E9', 'not UTF-8', ''],
  ['v1/customers', 'holds `v`: begin it with a slash', ''],
]

describe('what is said of a path that could be read in two ways', () => {
  for (const [path, says, instead] of ADVICE) {
    it(`${JSON.stringify(path)}: ${says}`, () => {
      const refused = pathProblem(path)
      expect(refused).to.have.property('code', 'path_ambiguous')
      expect(refused)
        .to.have.property('message')
        .that.includes(says)
        .and.matches(/^[\x20-\x7e]{1,200}$/)
      if (instead !== '') expect(pathProblem(instead)).to.equal(null)
    })
  }

  it('is a plain sentence for every path of two bytes, whole or encoded', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte)
    const encoded = bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    for (const odd of [...bytes.map((byte) => String.fromCharCode(byte)), ...encoded]) {
      for (const path of [`/v1/${odd}`, `/v1/a${odd}b`, `/${odd}${odd}/x`]) {
        if (pathProblem(path) === null) continue
        expect(pathAmbiguous(path).message, JSON.stringify(path)).to.match(
          /^The path holds [\x20-\x7e]+: [\x20-\x7e]+\.$/,
        )
      }
    }
  })
})
