import { expect } from 'chai'
import { Leaving } from '../../sidecar/leaving.ts'

describe('that an app has left', () => {
  const reason = new Error('left')

  it('is told once to each who listens then, and to nobody who listens no more', () => {
    const gone = new Leaving()
    const told: string[] = []
    const first = () => told.push('first')
    const third = () => told.push('third')
    gone.addEventListener('abort', first)
    gone.addEventListener('abort', () => {
      told.push('second')
      gone.removeEventListener('abort', third)
    })
    gone.addEventListener('abort', third)
    gone.removeEventListener('abort', first)
    gone.abort(reason)
    gone.abort(new Error('again'))
    expect(told).to.deep.equal(['second', 'third'])
    expect([gone.aborted, gone.reason]).to.deep.equal([true, reason])
  })

  it('is told to Node by a signal of its own, made before or after', () => {
    const gone = new Leaving()
    const before = gone.signal
    expect(before.aborted).to.equal(false)
    gone.abort(reason)
    expect([before.aborted, before.reason]).to.deep.equal([true, reason])
    const late = new Leaving()
    late.abort(reason)
    expect([late.signal.aborted, late.signal.reason, late.signal]).to.deep.equal([true, reason, late.signal])
  })
})
