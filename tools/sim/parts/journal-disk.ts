import type { JournalDisk } from '../../../store/journal/disk.ts'
import { readFrames } from '../../../store/journal/frame.ts'
import type { JournalEntry } from '../../../store/recovery/entries.ts'
import type { Incarnation } from '../incarnation.ts'

/** One replica's own disk: outlives its processes. Bytes whose writer died before it knew of them may be torn. */
export class ReplicaDisk {
  readonly #segments = new Map<string, Buffer>()
  /** What was written last and nobody was told of. */
  #unsure: { readonly segment: string; readonly fromByte: number } | null = null

  door(process: Incarnation): JournalDisk {
    this.#tear(process)
    return {
      list: () => process.effect('disk.read', () => [...this.#segments.keys()].sort()),
      read: (segment) => process.effect('disk.read', () => this.#bytesOf(segment)),
      append: async (segment, bytes) => {
        const fault = process.stage.faults.disk()
        const append = () => {
          const before = this.#bytesOf(segment)
          const taken = fault?.how === 'full' ? bytes.subarray(0, process.chance.below(bytes.length)) : bytes
          this.#unsure = { segment, fromByte: before.length }
          this.#segments.set(segment, Buffer.concat([before, taken]))
          if (fault?.how === 'full') throw new Error('no space left on device')
        }
        await process.effect('disk.append', append, fault?.how === 'slow' ? fault.byMs : undefined)
        this.#unsure = null
      },
      cut: (segment, length) =>
        process.effect(
          'disk.cut',
          () => void this.#segments.set(segment, Buffer.from(this.#bytesOf(segment).subarray(0, length))),
        ),
      remove: (segment) => process.effect('disk.remove', () => void this.#segments.delete(segment)),
      close: () => Promise.resolve(),
    }
  }

  /** The same bytes on another disk. What is being written may be torn there. */
  copy(): ReplicaDisk {
    const copy = new ReplicaDisk()
    for (const [segment, bytes] of this.#segments) copy.#segments.set(segment, bytes)
    copy.#unsure = this.#unsure
    return copy
  }

  get entries(): readonly JournalEntry[] {
    const segments = [...this.#segments.keys()].toSorted()
    return segments.flatMap((segment) => readFrames(this.#bytesOf(segment)).entries)
  }

  #tear(process: Incarnation): void {
    if (this.#unsure === null) return
    const { segment, fromByte } = this.#unsure
    this.#unsure = null
    const bytes = this.#bytesOf(segment)
    const kept = fromByte + process.chance.below(bytes.length - fromByte + 1)
    process.stage.trace.say(
      process.name,
      `finds ${kept - fromByte} of the last ${bytes.length - fromByte} bytes of ${segment}`,
    )
    this.#segments.set(segment, Buffer.from(bytes.subarray(0, kept)))
  }

  #bytesOf(segment: string): Buffer {
    return this.#segments.get(segment) ?? Buffer.alloc(0)
  }
}
