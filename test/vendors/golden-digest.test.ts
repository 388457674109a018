import { expect } from 'chai'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { callOf } from './calls.ts'
import { EVERY_VENDOR } from './every-vendor.ts'

/** Digest and core of each vendor's plain paid call, as of digest version 1. */
const GOLDEN: Readonly<Record<string, readonly [digest: string, core: string | null]>> = {
  stripe: ['6a1d9c447d133ec80ebd942d701564a4239d0abddd8dce05f90d69ed6cfae3e5', null],
  twilio: [
    '7591a643a3be0da9196e3df4e9339880c7e07ef09cd775a815735961310afeed',
    'a0d8bd55e1c3595692f02589e0444a7d7fb51755f107d774d45b5157390c8860',
  ],
  resend: [
    '36e6537ea08c4e815292af4b39f305af6e854523cf90f35860b43e9158f6044c',
    'ce0bd4d66defb522b63f321311a46afd6c4c49f487ff609bca22f801b39f1825',
  ],
  openai: ['ade14b203697fce029cd59ccd2d9cb48471c90346dc0eebeaf5b434ae62e1d69', null],
  anthropic: ['2bafc209e65cfd8b5fce3776cefc1723f6a33bab7810b72db6974dc44e5b0413', null],
  generic: [
    '1bdc5222b8823ecdd4d0769c4a82578d383ecbf2da0e108ed017fe3e30a7144a',
    '47123d747e006bb9f390d20c10ca7f9189409b5cf9af104b27ebc7ca2afdc698',
  ],
}

describe('what a call digests to', () => {
  for (const { type, terms, paid } of EVERY_VENDOR) {
    it(`never changes for ${type}: a run that lives through an upgrade finds its calls again`, () => {
      const identity = recogniserOf(type)(callOf(paid), terms, 'auto')
      expect('digest' in identity && [identity.digest, identity.core]).to.deep.equal(GOLDEN[type])
    })
  }
})
