import { expect } from 'chai'
import { type GrowingPlace, GrowingRoom } from '../../runtime/growing-room.ts'

const KIB = 1024

/** All that is due now has happened. */
const settled = () => new Promise(setImmediate)

describe('the room for what grows while it comes', () => {
  let room: GrowingRoom
  let first: GrowingPlace
  let second: GrowingPlace
  let third: GrowingPlace

  beforeEach(() => {
    room = new GrowingRoom(1_000 * KIB)
    first = room.open()
    second = room.open()
    third = room.open()
  })

  /** Whether it still waits after all that is due now. */
  const waits = async (place: GrowingPlace) => {
    let isWoken = false
    void place.drained().then(() => {
      isWoken = true
    })
    await settled()
    return () => !isWoken
  }

  it('takes what comes while there is room', async () => {
    expect(first.add(600 * KIB)).to.equal(true)
    expect(second.add(400 * KIB)).to.equal(true)
    expect((await waits(second))()).to.equal(false)
  })

  it('when it is full one goes on, and the others when that has ended', async () => {
    first.add(600 * KIB)
    expect(second.add(500 * KIB), 'the first to pass the limit goes on').to.equal(true)
    expect(first.add(100 * KIB)).to.equal(false)
    const firstWaits = await waits(first)
    expect(firstWaits()).to.equal(true)
    expect(second.add(5_000 * KIB)).to.equal(true)
    second.empty()
    await settled()
    expect(firstWaits()).to.equal(false)
  })

  it('one that ends while it waits is let go, and the next may go on', async () => {
    first.add(900 * KIB)
    second.add(200 * KIB)
    third.add(200 * KIB)
    const firstWaits = await waits(first)
    const thirdWaits = await waits(third)
    expect([firstWaits(), thirdWaits()]).to.deep.equal([true, true])
    first.empty()
    await settled()
    expect([firstWaits(), thirdWaits()]).to.deep.equal([false, false])
    second.empty()
    third.empty()
    third.empty()
    expect(room.open().add(1_000 * KIB)).to.equal(true)
  })

  it('whoever is next goes on alone where the room stays full', async () => {
    first.add(2_000 * KIB)
    second.add(2_000 * KIB)
    third.add(2_000 * KIB)
    const secondWaits = await waits(second)
    const thirdWaits = await waits(third)
    first.empty()
    await settled()
    expect([secondWaits(), thirdWaits()]).to.deep.equal([false, true])
    second.empty()
    await settled()
    expect(thirdWaits()).to.equal(false)
  })

  it('what is small is never held up', () => {
    first.add(2_000 * KIB)
    expect(second.add(64 * KIB)).to.equal(true)
    expect(second.add(1)).to.equal(false)
  })
})
