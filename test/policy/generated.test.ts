import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import generatePolicy from '../../tools/generate/policy.gen.ts'

describe('what is generated from the policy schema', () => {
  for (const { path, text } of generatePolicy()) {
    it(`${path} is what the schema says now (else: make fix)`, () => {
      expect(readFileSync(path, 'utf8')).to.equal(text)
    })
  }

  it('the custom resource has a structural schema: no field inside oneOf, anyOf or closed objects', () => {
    const [, definition] = generatePolicy()
    expect(definition?.text).not.to.match(/oneOf|anyOf|additionalProperties: false|propertyNames/)
  })
})
