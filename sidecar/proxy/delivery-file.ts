import { join } from 'node:path'
import type { DeliveryJournal } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import type { FileInPlace, SidecarFiles } from '../files.ts'
import {
  bootLine,
  type Delivery,
  type DeliveryState,
  factOf,
  frameOf,
  type LineFrame,
  N_DIGITS,
  type Past,
  readLines,
  STATE_AT,
} from './delivery-lines.ts'
import type { KeptFact } from './seen-facts.ts'

/** The memory volume has 16 MiB; the rest is for the credential, and for a credential beside it. */
const MOST_BYTES = 15 * 1024 * 1024
/** The file grows by so much at a time. */
const EXTENT_BYTES = 64 * 1024
/** Below that, what is no longer needed stays. */
const COMPACTED_FROM_BYTES = 64 * 1024

/** Room for one line, kept from before the call is sent until it is written or given back. */
export interface Room extends LineFrame {
  readonly call: Omit<Delivery, 'n'>
  readonly bytes: number
  isKept: boolean
}

/** A line whose state is not known yet. */
export interface OpenLine {
  readonly delivery: Delivery
  position: number
  readonly bytes: number
}

/**
 * S4: what became of answers, in a file on the memory volume that is read at the next start. One line an answer, whose
 * state is written over in place. What is seen is kept for as long as the life of the Pod in which it was: a store that
 * has lost it is told again. The file ends in empty lines: room that lines were promised.
 */
export class DeliveryFile {
  readonly #files: SidecarFiles
  readonly #path: string
  readonly #past: Past & { readonly firstBoot: number }
  readonly #boot: number
  readonly #open = new Set<OpenLine>()
  #file: FileInPlace
  /** Where the next line goes. */
  #endBytes: number
  /** Up to here the file has been written, with empty lines at its end. */
  #grownBytes: number
  #promisedBytes = 0
  /** Of lines that nobody needs any more. */
  #idleBytes = 0
  #compactedFromBytes = COMPACTED_FROM_BYTES
  /** Lines of earlier lives are not needed. */
  #firstLife = 0

  private constructor(files: SidecarFiles, boot: number, { path, past, file }: Found) {
    this.#files = files
    this.#path = path
    this.#boot = boot
    this.#past = { ...past, firstBoot: past.firstBoot ?? boot }
    this.#file = file
    this.#endBytes = past.endBytes
    this.#grownBytes = Math.max(file.bytes, past.endBytes)
  }

  /** What the boots before this one left. */
  static find(files: SidecarFiles, stateDir: string): Found {
    const path = join(stateDir, 'deliveries.jsonl')
    const file = files.openInPlace(path)
    return { path, file, past: readLines(file.read()) }
  }

  /**
   * A file that cannot be read whole is begun anew, so that it clears nothing of before. What could be read of it is
   * kept: an answer that was on its way stays doubtful, and what was read stays read.
   */
  static open(files: SidecarFiles, boot: number, found: Found): DeliveryFile {
    const deliveries = new DeliveryFile(files, boot, found)
    if (!found.past.isDamaged) deliveries.#writeBoot()
    else if (!deliveries.#rewrite(found.past))
      throw new Error(`${found.path} is damaged, and there is no room to mend it`)
    return deliveries
  }

  /** Every seen fact in the file. Throws when it cannot be read whole: some of them would be missing. */
  recall(): KeptFact[] {
    const past = readLines(this.#file.read())
    if (past.isDamaged) throw new Error(`${this.#path} cannot be read whole`)
    return past.seen.map((delivery) => ({ lane: delivery.lane, fact: factOf(delivery) }))
  }

  /** Room for the answer of a call that is to be sent; null when the volume has none, and then it must not be sent. */
  room(call: Omit<Delivery, 'n'>): Room | null {
    const { head, tail } = frameOf(call)
    const bytes = head.length + N_DIGITS + tail.length
    if (!this.#hasRoom(bytes)) return null
    this.#promisedBytes += bytes
    return { head, tail, call, bytes, isKept: true }
  }

  /** Harmless once the room is used, or given back. */
  giveBack(room: Room): void {
    if (room.isKept) this.#promisedBytes -= room.bytes
    room.isKept = false
  }

  /** Before the last byte of the answer is written. */
  delivering(room: Room, n: number): OpenLine {
    this.giveBack(room)
    const text = `${room.head}${n}${room.tail}`
    const line = { delivery: { ...room.call, n }, position: this.#endBytes, bytes: text.length }
    this.#write(this.#endBytes, text)
    this.#endBytes += text.length
    this.#open.add(line)
    return line
  }

  seen(line: OpenLine): void {
    this.#end(line, 's')
  }

  closed(line: OpenLine): void {
    this.#end(line, 'c')
    this.#idleBytes += line.bytes
    this.#compactIfIdle()
  }

  /** A later life has begun, and what was seen in earlier ones is confirmed: no request of theirs will come any more. */
  beginLife(life: number): void {
    if (life === this.#firstLife) return
    this.#firstLife = life
    this.#idleBytes = this.#endBytes
    this.#compactIfIdle()
  }

  /** What the file says about answers of `digest` from older boots in this life. */
  journalOf(life: number, digest: Digest): DeliveryJournal {
    const { firstBoot, delivering } = this.#past
    if (delivering.length === 0) return { intactSinceBoot: firstBoot, delivering: [] }
    const doubtful = delivering.filter((line) => line.life === life && line.digest === digest)
    return { intactSinceBoot: firstBoot, delivering: doubtful.map(({ n }) => n) }
  }

  /** Of this boot: written to the app, and what became of it is not known yet. */
  underWay(life: number, digest: Digest): number[] {
    const numbers: number[] = []
    for (const { delivery } of this.#open) {
      if (delivery.life === life && delivery.digest === digest) numbers.push(delivery.n)
    }
    return numbers
  }

  #end(line: OpenLine, state: DeliveryState): void {
    this.#open.delete(line)
    this.#write(line.position + STATE_AT, state)
  }

  #write(position: number, text: string): void {
    if (this.#file.writeAt(position, text) < text.length) throw new Error(`${this.#path} has no room`)
  }

  #writeBoot(): void {
    // A last line without its end would swallow what follows it.
    const text = `${this.#endBytes === 0 ? '' : '\n'}${bootLine(this.#boot)}`
    this.#write(this.#endBytes, text)
    this.#endBytes += text.length
    this.#grownBytes = Math.max(this.#grownBytes, this.#endBytes)
  }

  #hasRoom(bytes: number): boolean {
    const neededBytes = this.#endBytes + this.#promisedBytes + bytes
    while (this.#grownBytes < neededBytes) {
      const extentBytes = Math.min(EXTENT_BYTES, MOST_BYTES - this.#grownBytes)
      const written = extentBytes <= 0 ? 0 : this.#file.writeAt(this.#grownBytes, '\n'.repeat(extentBytes))
      if (written === 0) return false
      this.#grownBytes += written
    }
    return true
  }

  #compactIfIdle(): void {
    if (this.#endBytes < this.#compactedFromBytes || this.#idleBytes < this.#endBytes / 2) return
    const open = new Set([...this.#open].map(({ position }) => position))
    const past = readLines(this.#file.read(), (position) => open.has(position))
    // One that cannot be read whole says so at the next start, and then it is begun anew.
    const isDone = !past.isDamaged && this.#rewrite(past)
    this.#compactedFromBytes = COMPACTED_FROM_BYTES + (isDone ? 0 : this.#endBytes)
  }

  /** Puts a file with only what is needed in place of this one. False when there is no room for both; then this one stays. */
  #rewrite({ seen, delivering }: Past): boolean {
    const isNeeded = ({ life }: Delivery) => life >= this.#firstLife
    const boots = [...new Set([this.#past.firstBoot, this.#boot])].map(bootLine)
    const seenLines = seen.filter(isNeeded).map((delivery) => lineOf(delivery, 's'))
    const doubtful = delivering.filter(isNeeded).map((delivery) => lineOf(delivery, 'd'))
    const settled = [...boots, ...seenLines, ...doubtful].join('')
    const open = [...this.#open].map((line) => ({ line, text: lineOf(line.delivery, 'd') }))
    const text = settled + open.map((one) => one.text).join('')
    const file = this.#files.placeAnew(this.#path, text + '\n'.repeat(this.#promisedBytes))
    if (file === null) return false
    this.#file.close()
    this.#file = file
    this.#grownBytes = file.bytes
    this.#endBytes = text.length
    this.#idleBytes = 0
    let position = settled.length
    for (const one of open) {
      one.line.position = position
      position += one.text.length
    }
    return true
  }
}

/** A file as it was when the sidecar started. */
export interface Found {
  readonly path: string
  readonly past: Past
  readonly file: FileInPlace
}

function lineOf(delivery: Delivery, state: DeliveryState): string {
  const { head, tail } = frameOf(delivery, state)
  return `${head}${delivery.n}${tail}`
}
