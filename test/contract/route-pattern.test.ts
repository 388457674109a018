import { expect } from 'chai'
import { isPathAmbiguous, ROUTE_PATTERN, routeMatches } from '../../contract/route-pattern.ts'

describe('route pattern', () => {
  const MATCHES: readonly (readonly [pattern: string, method: string, path: string, matches: boolean])[] = [
    ['POST /v1/lookup', 'POST', '/v1/lookup', true],
    ['POST /v1/lookup', 'POST', '/v1/Lookup', false],
    ['POST /v1/lookup', 'PUT', '/v1/lookup', false],
    ['POST /v1/*/x', 'POST', '/v1/a/x', true],
    ['POST /v1/*', 'POST', '/v1/a', true],
    ['POST /v1/*', 'POST', '/v1/a/b', false],
    ['POST /v1/*', 'POST', '/v1/', false],
    ['POST /v1/*', 'POST', '/v1/a%2fb', false],
  ]
  for (const [pattern, method, path, matches] of MATCHES) {
    it(`"${pattern}" ${matches ? 'names' : 'does not name'} ${method} ${path}`, () => {
      expect(routeMatches(pattern, method, path)).to.equal(matches)
    })
  }

  const AMBIGUOUS = [
    'v1', '//v1', '/v1//x', '/../v1', '/v1/..', '/v1/./x', '/v1/%2e%2e/x', '/v1/%2E', '/a%2fb', '/a%2Fb', '/a%5cb', '/a\\b',
    '/a%252fb', '/a;b', '/a%3bb', '/a?b', '/a#b', '/a b', '/a\tb', '/a%00', '/a%0d%0a', '/a%7f', '/a%', '/a%g0',
  ] // biome-ignore format: a table
  for (const path of AMBIGUOUS) {
    it(`${JSON.stringify(path)} could be read in two ways`, () => {
      expect(isPathAmbiguous(path)).to.equal(true)
    })
  }

  for (const path of ['/', '/v1/a', '/v1/a/', '/v1/a.b', '/v1/..a', '/v1/a@b', '/v1/a%40b', '/v1/caf%C3%A9']) {
    it(`${path} can be read in one way`, () => {
      expect(isPathAmbiguous(path)).to.equal(false)
    })
  }

  for (const text of [
    'post /v1',
    'POST v1',
    'POST /v1/',
    'POST /v1//a',
    'POST /v1/a*',
    'POST  /v1',
    'ANY /v1',
    'POST /v1?x',
  ]) {
    it(`"${text}" is no pattern`, () => {
      expect(ROUTE_PATTERN.test(text)).to.equal(false)
    })
  }
})
