import { expect } from 'chai'
import { type CurrencyTable } from '../../contract/pricing.ts'
import { isRefusal } from '../../vendors/content/guard.ts'
import { usdMicrosOfMoney } from '../../vendors/stripe/currency.ts'
import { chanceOf, SEED } from './chance.ts'

/** Minor units in one major unit, as Stripe counts them. https://docs.stripe.com/currencies */
const MINOR_PER_MAJOR: Readonly<Record<string, readonly string[]>> = {
  1: 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '),
  100: 'EUR GBP CHF ISK UGX HUF TWD MXN'.split(' '),
  1000: 'BHD JOD KWD OMR TND'.split(' '),
}

function tableOf(currency: string, { rate, buffer }: { rate: number; buffer: number }): CurrencyTable {
  return { bufferBasisPoints: buffer, usdMicrosPerMajorUnit: { [currency]: rate }, hash: '' }
}

/** The smallest whole `micros` with `micros / 1 >= minor / perMajor * rate * (1 + buffer / 10000)`, by search, not division. */
function leastMicros({
  minor,
  perMajor,
  rate,
  buffer,
}: {
  minor: bigint
  perMajor: bigint
  rate: bigint
  buffer: bigint
}): bigint {
  const isEnough = (micros: bigint): boolean => micros * perMajor * 10_000n >= minor * rate * (10_000n + buffer)
  let tooLittle = -1n
  let enough = 1n
  while (!isEnough(enough)) enough *= 2n
  while (enough - tooLittle > 1n) {
    const middle = (enough + tooLittle) / 2n
    if (isEnough(middle)) enough = middle
    else tooLittle = middle
  }
  return enough
}

describe('currencies', () => {
  for (const [perMajor, currencies] of Object.entries(MINOR_PER_MAJOR)) {
    for (const currency of currencies) {
      it(`${perMajor} minor units of ${currency} are one major unit, rounded up with the buffer (SEED=${SEED})`, () => {
        const chance = chanceOf(SEED)
        for (let round = 0; round < 40; round += 1) {
          const [rate, buffer] = [1 + chance.below(3_000_000), chance.pick([0, 1, 200, 9_999])]
          const minor = BigInt(1 + chance.below(chance.pick([3, 1_000, 50_000_000])))
          const oracle = leastMicros({ minor, perMajor: BigInt(perMajor), rate: BigInt(rate), buffer: BigInt(buffer) })
          const spelled = chance.pick([currency, currency.toLowerCase()])
          const micros = usdMicrosOfMoney({ minorUnits: minor, currency: spelled }, tableOf(currency, { rate, buffer }))
          expect(micros, `${minor} ${spelled} at ${rate} with ${buffer}`).to.equal(Number(oracle))
        }
      })
    }
  }

  it('dollars are counted as they are, without rate or buffer', () => {
    const table = tableOf('USD', { rate: 5, buffer: 9_999 })
    expect(usdMicrosOfMoney({ minorUnits: 1_234n, currency: 'usd' }, table)).to.equal(12_340_000)
  })

  it('the largest amount that can be counted passes, one more is refused', () => {
    const largest = BigInt(Number.MAX_SAFE_INTEGER) / 10_000n
    const table = tableOf('JPY', { rate: 1, buffer: 0 })
    expect(usdMicrosOfMoney({ minorUnits: largest, currency: 'usd' }, table)).to.equal(Number(largest * 10_000n))
    expect(usdMicrosOfMoney({ minorUnits: largest + 1n, currency: 'usd' }, table)).to.have.property(
      'code',
      'amount_invalid',
    )
    const max = BigInt(Number.MAX_SAFE_INTEGER)
    expect(usdMicrosOfMoney({ minorUnits: max, currency: 'jpy' }, table)).to.equal(Number.MAX_SAFE_INTEGER)
    expect(usdMicrosOfMoney({ minorUnits: max + 1n, currency: 'jpy' }, table)).to.have.property(
      'code',
      'amount_invalid',
    )
  })

  it('a currency without a rate, or with one that is not a positive whole number, is refused by name', () => {
    const money = { minorUnits: 1n, currency: 'eur' }
    for (const rate of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      const refused = usdMicrosOfMoney(money, tableOf('EUR', { rate, buffer: 0 }))
      expect(isRefusal(refused) && [refused.code, refused.details?.['currency']], String(rate)).to.deep.equal([
        'currency_unknown',
        'EUR',
      ])
    }
    expect(usdMicrosOfMoney({ ...money, currency: 'gbp' }, tableOf('EUR', { rate: 1, buffer: 0 }))).to.deep.include({
      code: 'currency_unknown',
      message:
        'The currency GBP has no rate in the policy. Add it to `currencies.usdMicrosPerMajorUnit` there, micro-dollars for one GBP.',
    })
  })
})
