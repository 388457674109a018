import { expect } from 'chai'
import { milliOf, quantityOf } from '../../webhook/plan/quantity.ts'

const TABLE = `
  given        milli              as the API server writes it
  0            0                  0
  1            1000               1
  1.0          1000               1
  .5           500                500m
  250m         250                250m
  1u           1                  1m
  1500m        1500               1500m
  2000         2000000            2k
  64Mi         67108864000        64Mi
  1.5Gi        1610612736000      1536Mi
  1e9          1000000000000      1G
  1E3          1000000            1k
  1024         1024000            1Ki
  1067108864   1067108864000      1067108864
`

describe('quantities of Kubernetes', () => {
  for (const row of TABLE.trim().split('\n').slice(1)) {
    const [given = '', milli, written] = row.trim().split(/\s+/)
    it(`${given} is ${milli} thousandths, written ${written}`, () => {
      expect(milliOf(given)).to.equal(Number(milli))
      expect(quantityOf(Number(milli))).to.equal(written)
    })
  }

  it('are taken as numbers too, as YAML gives them, and what is none is not guessed', () => {
    expect(milliOf(2)).to.equal(2000)
    for (const none of ['', 'x', '1Xi', '-1', undefined, null, {}]) expect(milliOf(none)).to.equal(undefined)
  })
})
