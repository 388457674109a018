import { expect } from 'chai'
import { asDigest } from '../../contract/ids.ts'
import { Leaving } from '../../sidecar/leaving.ts'
import { OpenLlmCalls } from '../../sidecar/proxy/open-llm-calls.ts'

const DIGEST = asDigest('a'.repeat(64))
const ORDS = Array.from({ length: 129 }, (_, at) => ({ boot: 1, seq: at + 1 }))

describe('identical calls for tokens that are out at once', () => {
  it('are 128 at most, so that what each says of the others fits; the next goes when one has ended', async () => {
    const calls = new OpenLlmCalls()
    const [last = expect.fail(), first = expect.fail(), ...others] = ORDS.toReversed()
    for (const ord of [first, ...others]) {
      await calls.room(DIGEST, new Leaving())
      calls.begin(DIGEST, ord)
    }
    await calls.room(asDigest('b'.repeat(64)), new Leaving())
    const went: string[] = []
    const waiting = calls.room(DIGEST, new Leaving()).then(() => went.push('went'))
    const leaver = new Leaving()
    const left = calls.room(DIGEST, leaver).catch((reason: Error) => went.push(reason.message))
    leaver.abort(new Error('its app left'))
    await left
    expect(went).to.deep.equal(['its app left'])
    calls.end(DIGEST, first)
    await waiting
    expect(calls.begin(DIGEST, last)).to.have.members(others)
  })
})
