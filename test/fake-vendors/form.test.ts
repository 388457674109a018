import { expect } from 'chai'
import { BadForm, canonicalForm, decodeForm, type FormObject } from '../../fake-vendors/stripe/form.ts'

describe('Stripe’s form encoding', () => {
  const TABLE: [form: string, value: FormObject][] = [
    ['', {}],
    ['amount=100&currency=usd', { amount: '100', currency: 'usd' }],
    ['metadata[order]=1&metadata[a b]=c%26d', { metadata: { order: '1', 'a b': 'c&d' } }],
    ['expand[]=a&expand[]=b', { expand: ['a', 'b'] }],
    ['expand[0]=a&expand[1]=b', { expand: ['a', 'b'] }],
    ['items[0][price]=p&items[0][n]=2&items[1][price]=q', { items: [{ price: 'p', n: '2' }, { price: 'q' }] }],
    ['amount=1&amount=2', { amount: '2' }],
    ['description=a+b', { description: 'a b' }],
    ['metadata[__proto__]=x', { metadata: Object.fromEntries([['__proto__', 'x']]) }],
  ]
  for (const [form, value] of TABLE) {
    it(`${form || 'nothing'} is read`, () => {
      expect(JSON.stringify(decodeForm(form))).to.equal(JSON.stringify(value))
    })
  }

  for (const form of ['a=1&a[b]=2', 'a[b]=2&a=1', '[a]=1', 'a[b=1', 'a[b]c=1']) {
    it(`${form} is refused`, () => {
      expect(() => decodeForm(form)).to.throw(BadForm)
    })
  }

  it('order does not matter to whether two forms are the same, values do', () => {
    const canonical = (form: string) => canonicalForm(decodeForm(form))
    expect(canonical('a=1&b[c]=2&b[d]=3')).to.equal(canonical('b[d]=3&a=1&b[c]=2'))
    expect(canonical('a=1')).not.to.equal(canonical('a=2'))
    expect(canonical('a[]=1&a[]=2')).not.to.equal(canonical('a[]=2&a[]=1'))
  })
})
