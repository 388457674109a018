import { expect } from 'chai'
import { expiryOf } from '../../certs/certificates.ts'
import { advance, bundleOf, DEFAULT_LIVES, type Lineage } from '../../certs/lineage.ts'
import { systemRandom } from '../../runtime/random.ts'

const DAY_MS = 24 * 3_600_000
const YEAR_MS = 365 * DAY_MS
const BEGAN_MS = Date.UTC(2026, 0, 1)

describe('the authorities of an install, looked at every week for twelve years', function () {
  this.timeout(60_000)
  /** What there is at each look. */
  const looks: { readonly atMs: number; readonly lineage: Lineage }[] = []

  before(async () => {
    let lineage: Lineage | undefined
    for (let atMs = BEGAN_MS; atMs < BEGAN_MS + 12 * YEAR_MS; atMs += 7 * DAY_MS) {
      lineage = await advance(lineage, { random: systemRandom, nowMs: atMs }, DEFAULT_LIVES)
      looks.push({ atMs, lineage })
    }
  })

  it('follow one another, and none signs after its end', () => {
    expect(new Set(looks.map(({ lineage }) => lineage.signing.certPem)).size).to.be.within(10, 12)
    for (const { atMs, lineage } of looks) {
      expect(expiryOf(lineage.signing.certPem)).to.be.greaterThan(atMs + DEFAULT_LIVES.servingMs)
    }
  })

  it('are trusted by a Pod for a year after its Job was made, whichever of them signs by then', () => {
    for (const [at, made] of looks.entries()) {
      const trusted = bundleOf(made.lineage)
      for (const later of looks.slice(at).filter(({ atMs }) => atMs <= made.atMs + YEAR_MS - 7 * DAY_MS)) {
        expect(trusted, new Date(later.atMs).toISOString()).to.contain(later.lineage.signing.certPem)
      }
    }
  })

  it('leave the bundle once they have expired, and stay in it until then', () => {
    for (const { atMs, lineage } of looks) {
      for (const certPem of lineage.former) expect(expiryOf(certPem)).to.be.greaterThan(atMs)
    }
    for (const [at, { lineage }] of looks.entries()) {
      const before = looks[at - 1]?.lineage.signing.certPem
      if (before !== undefined && before !== lineage.signing.certPem) {
        expect(lineage.former).to.include(before)
      }
    }
  })

  it('are made only when one is due: a look at the same moment changes nothing', async () => {
    for (const { atMs, lineage } of looks) {
      expect(await advance(lineage, { random: systemRandom, nowMs: atMs }, DEFAULT_LIVES)).to.equal(lineage)
    }
  })
})
