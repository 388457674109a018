import { expect } from 'chai'
import { meantPath } from '../../contract/meant-path.ts'

describe('the path that a mistaken one is likely to be meant as', () => {
  const KNOWN = ['/v1/messages', '/emails']
  const MEANT: readonly (readonly [path: string, meant: string | undefined])[] = [
    ['/messages', '/v1/messages'],
    ['/v1/v1/messages', '/v1/messages'],
    ['/v1/v1/v1/messages/', '/v1/messages'],
    ['/v1/emails', '/emails'],
    ['/v1/v1/emails', '/emails'],
    ['/emails/', '/emails'],
    ['/v1/messages', undefined],
    ['/v2/messages', undefined],
    ['/v1', undefined],
    ['/', undefined],
  ]
  for (const [path, meant] of MEANT) {
    it(`of ${path} is ${meant ?? 'not known'}`, () => {
      expect(meantPath(path, (candidate) => KNOWN.includes(candidate))).to.equal(meant)
    })
  }
})
