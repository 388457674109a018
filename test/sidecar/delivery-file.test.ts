import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asDigest } from '../../contract/ids.ts'
import { type SidecarFiles, systemFiles } from '../../sidecar/files.ts'
import { DeliveryFile, type OpenLine } from '../../sidecar/proxy/delivery-file.ts'

const DIGEST = asDigest('d'.repeat(64))
const STRIPE_TOKEN = 'stripe-node-retry-6f9619ff-8b86-4d01-b42d-00cf4fc964ff'
const KIB = 1024
const digestOf = (at: number) => asDigest(at.toString(16).padStart(64, '0'))

describe('the file of deliveries', () => {
  let stateDir: string
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'jobcap-deliveries-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

  const path = () => join(stateDir, 'deliveries.jsonl')
  const open = (boot: number, files = systemFiles) => DeliveryFile.open(files, boot, DeliveryFile.find(files, stateDir))
  const deliver = (
    file: DeliveryFile,
    n: number,
    about: { digest?: typeof DIGEST; life?: number; token?: string } = {},
  ) => {
    const room = file.room({ life: 1, digest: DIGEST, lane: 'core 0123456789abcdef', token: null, ...about })
    if (room === null) throw new Error('no room')
    return file.delivering(room, n)
  }
  const see = (file: DeliveryFile, n: number, about: Parameters<typeof deliver>[2] = {}) =>
    file.seen(deliver(file, n, about))
  const seenNs = (file: DeliveryFile) => file.recall().map(({ fact }) => fact.n)

  it('says after a restart what was on its way, what was read, and that the rest never reached the app', () => {
    const first = open(1)
    see(first, 1, { token: STRIPE_TOKEN })
    first.closed(deliver(first, 2))
    deliver(first, 3)
    const second = open(2)
    expect(second.journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 1, delivering: [3] })
    expect(second.recall()).to.deep.equal([
      { lane: 'core 0123456789abcdef', fact: { life: 1, digest: DIGEST, n: 1, token: STRIPE_TOKEN } },
    ])
  })

  for (const [name, tear] of [
    ['has its last line torn', () => appendFileSync(path(), '["d","3d3d')],
    ['has a line torn in the room that it was promised', () => tearInPlace(path())],
  ] as const) {
    describe(`that ${name}`, () => {
      it('still names the answer that was on its way, and clears nothing of before', () => {
        const first = open(1)
        see(first, 1)
        deliver(first, 2)
        tear()
        expect(open(2).journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 2, delivering: [2] })
      })

      it('keeps what was read, for this start and the next ones', () => {
        const first = open(1)
        see(first, 1)
        deliver(first, 2)
        tear()
        expect(seenNs(open(2))).to.deep.equal([1])
        expect(open(3).journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 2, delivering: [2] })
      })
    })
  }

  it('forgets what was never read once that is most of it, and nothing else', () => {
    const past = open(1)
    deliver(past, 7)
    const file = open(2)
    see(file, 1)
    const onTheirWay: OpenLine[] = [deliver(file, 2), deliver(file, 3)]
    const before = statSync(path()).ino
    for (let count = 0; statSync(path()).ino === before; count += 1) file.closed(deliver(file, 9))
    expect(statSync(path()).size).to.be.below(100 * KIB)
    for (const line of onTheirWay) file.seen(line)
    see(file, 4)
    expect(seenNs(file)).to.deep.equal([1, 2, 3, 4])
    const next = open(3)
    expect(next.journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 1, delivering: [7] })
    expect(seenNs(next)).to.deep.equal([1, 2, 3, 4])
  })

  it('forgets earlier lives of the Pod when a new one begins', () => {
    const file = open(1)
    for (let n = 1; statSync(path()).size <= 70 * KIB; n += 1) see(file, n)
    file.beginLife(2)
    expect(statSync(path()).size).to.be.below(KIB)
    see(file, 1, { life: 2 })
    expect(seenNs(open(2))).to.deep.equal([1])
  })

  it('keeps its promise of room when it is made smaller', () => {
    const files = upTo(300 * KIB)
    const file = open(1, files)
    const call = { life: 1, digest: DIGEST, lane: 'core 0123456789abcdef', token: STRIPE_TOKEN }
    const rooms = Array.from({ length: 500 }, () => file.room(call))
    const before = statSync(path()).ino
    while (statSync(path()).ino === before) file.closed(deliver(file, 9))
    files.limitBytes = 0
    for (const [at, room] of rooms.entries()) if (room !== null) file.seen(file.delivering(room, at + 1))
    expect(seenNs(file)).to.have.length(500)
  })

  it('that a crash left half rewritten is the old one, and the half is cleared away', () => {
    see(open(1), 1)
    writeFileSync(`${path()}.new`, '["boot",1]\n["s","')
    expect(seenNs(open(2))).to.deep.equal([1])
    expect(existsSync(`${path()}.new`)).to.equal(false)
  })

  it('that finds no room to be rewritten stays as it is', () => {
    const files = upTo(300 * KIB)
    const file = open(1, files)
    see(file, 1)
    files.hasRoomBeside = false
    for (let count = 0; count < 1_500; count += 1) file.closed(deliver(file, 9))
    expect(seenNs(open(2))).to.deep.equal([1])
  })

  it('holds 100,000 calls of an SDK with its tokens in 15 MiB, and all of them after a restart', () => {
    const file = open(1)
    for (let at = 1; at <= 100_000; at += 1) see(file, 1, { digest: digestOf(at), token: STRIPE_TOKEN })
    expect(statSync(path()).size).to.be.at.most(15 * KIB * KIB)
    expect(
      new Set(
        open(2)
          .recall()
          .map(({ fact }) => fact.digest),
      ).size,
    ).to.equal(100_000)
  }).timeout(120_000)

  it('promises no room that it has not got, and finds it for all that it has promised', () => {
    const file = open(1, upTo(100 * KIB))
    const call = { life: 1, digest: DIGEST, lane: 'core 0123456789abcdef', token: null }
    const rooms = []
    for (let room = file.room(call); room !== null; room = file.room(call)) rooms.push(room)
    expect(rooms.length).to.be.within(800, 1_100)
    for (const [at, room] of rooms.entries()) file.seen(file.delivering(room, at + 1))
    expect(statSync(path()).size).to.be.at.most(100 * KIB)
    expect(seenNs(open(2))).to.have.length(rooms.length)
  })

  it('gives room back that was not used', () => {
    const file = open(1, upTo(64 * KIB))
    const call = { life: 1, digest: DIGEST, lane: 'core 0123456789abcdef', token: null }
    for (let count = 0; count < 10_000; count += 1) {
      const room = file.room(call)
      if (room === null) throw new Error(`no room for call ${count}`)
      file.giveBack(room)
      file.giveBack(room)
    }
  })
})

/** As a kill in the middle of a write leaves it: the room behind the line is there. */
function tearInPlace(path: string): void {
  const text = readFileSync(path, 'latin1')
  const end = text.trimEnd().length + 1
  const torn = '["d","3d3d'
  writeFileSync(path, text.slice(0, end) + torn + text.slice(end + torn.length), 'latin1')
}

interface LimitedFiles extends SidecarFiles {
  limitBytes: number
  hasRoomBeside: boolean
}

/** The real files, on a volume that has only so much room for each. */
function upTo(limitBytes: number): LimitedFiles {
  const files: LimitedFiles = {
    ...systemFiles,
    limitBytes,
    hasRoomBeside: true,
    openInPlace: (path) => limited(systemFiles.openInPlace(path)),
    placeAnew(path, text) {
      const file = files.hasRoomBeside && text.length <= files.limitBytes ? systemFiles.placeAnew(path, text) : null
      return file === null ? null : limited(file)
    },
  }
  const limited = (file: ReturnType<SidecarFiles['openInPlace']>) => {
    let grownBytes = file.bytes
    return {
      ...file,
      writeAt(position: number, text: string) {
        const room = Math.max(grownBytes, files.limitBytes) - position
        const written = file.writeAt(position, text.slice(0, Math.max(0, room)))
        grownBytes = Math.max(grownBytes, position + written)
        return written
      },
    }
  }
  return files
}
