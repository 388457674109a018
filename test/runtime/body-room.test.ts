import { expect } from 'chai'
import { BodyRoom, bytesToHold, type LeaveRoom } from '../../runtime/body-room.ts'

const KIB = 1024

describe('the room for the bodies of calls in flight', () => {
  let room: BodyRoom
  /** Who is in, in the order of entering. */
  let inside: string[]
  const leaves = new Map<string, LeaveRoom>()

  beforeEach(() => {
    room = new BodyRoom(1_000 * KIB)
    inside = []
    leaves.clear()
  })

  const enter = async (name: string, kib: number) => {
    leaves.set(name, await room.enter(kib * KIB))
    inside.push(name)
  }
  const leave = async (name: string) => {
    leaves.get(name)?.()
    // Whoever is let in goes on in the same turn.
    await new Promise(setImmediate)
  }

  it('lets in what fits, and the others in the order in which they came', async () => {
    await enter('first', 600)
    await enter('second', 300)
    const waiting = [enter('third', 500), enter('fourth', 90)]
    await leave('nobody')
    expect(inside, 'the fourth would fit and does not pass the third').to.deep.equal(['first', 'second'])
    await leave('first')
    await Promise.all(waiting)
    expect(inside).to.deep.equal(['first', 'second', 'third', 'fourth'])
  })

  it('a small body waits for nobody', async () => {
    await enter('first', 1_000)
    void enter('second', 1_000)
    await enter('small', 64)
    expect(inside).to.deep.equal(['first', 'small'])
  })

  it('what is larger than the room comes in alone', async () => {
    await enter('first', 100)
    const huge = enter('huge', 5_000)
    const last = enter('last', 100)
    await leave('nobody')
    expect(inside).to.deep.equal(['first'])
    await leave('first')
    await huge
    expect(inside).to.deep.equal(['first', 'huge'])
    await leave('huge')
    await last
  })

  it('room is given back once', async () => {
    await enter('first', 600)
    await enter('second', 400)
    const third = enter('third', 700)
    await leave('first')
    await leave('first')
    expect(inside).to.deep.equal(['first', 'second'])
    await leave('second')
    await third
  })

  it('is asked for what a body will be when it is read: none of it over the limit, all that may be where it does not say', () => {
    const limit = 500 * KIB
    expect(bytesToHold({}, limit)).to.equal(0)
    expect(bytesToHold({ 'content-length': '300000' }, limit)).to.equal(300_000)
    expect(bytesToHold({ 'content-length': '600000' }, limit)).to.equal(0)
    expect(bytesToHold({ 'content-length': '300', 'content-encoding': 'gzip' }, limit)).to.equal(limit)
    expect(bytesToHold({ 'transfer-encoding': 'chunked' }, limit)).to.equal(limit)
  })
})
