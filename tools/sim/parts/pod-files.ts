import type { FileInPlace, SidecarFiles } from '../../../sidecar/files.ts'
import type { Incarnation } from '../incarnation.ts'

/** A look at the kernel's table takes this long at least, so that a wait of half a minute stays a few hundred looks. */
const SHORTEST_LOOK_MS = 8
const LONGEST_LOOK_MS = 60
const TORN = 0.5

/** The Pod's memory volume: outlives the processes in it, dies with the Pod. */
export class PodVolume {
  readonly files = new Map<string, string>()
  readonly #socketTable: () => string

  constructor(socketTable: () => string) {
    this.#socketTable = socketTable
  }

  door(part: Incarnation): SidecarFiles {
    return {
      read: (path) => {
        if (path === '/proc/net/tcp6') return Promise.resolve('')
        if (path !== '/proc/net/tcp') return part.effect('file.read', () => this.files.get(path))
        return part.effect('look', this.#socketTable, part.chance.between(SHORTEST_LOOK_MS, LONGEST_LOOK_MS))
      },
      replace: (path, text) => part.effect('file.replace', () => void this.files.set(path, text)),
      overwrite: (path, text) => part.effect('file.overwrite', () => void this.files.set(path, text)),
      openInPlace: (path) => this.#inPlace(part, path),
      placeAnew: (path, text) => {
        part.systemCallNow('file.replace', () => this.files.set(path, text))
        return this.#inPlace(part, path)
      },
    }
  }

  #inPlace(part: Incarnation, path: string): FileInPlace {
    if (!this.files.has(path)) this.files.set(path, '')
    return {
      bytes: this.#text(path).length,
      read: () => Buffer.from(this.#text(path), 'latin1'),
      writeAt: (position, text) => {
        part.systemCallNow(
          'file.write',
          () => this.#writeAt(path, position, text),
          () => this.#tear(part, path, { position, text }),
        )
        return text.length
      },
      close: () => {},
    }
  }

  /** The writer has died on its way: a part may be there. */
  #tear(part: Incarnation, path: string, { position, text }: { position: number; text: string }): void {
    if (!part.chance.is(TORN)) return
    part.stage.trace.say(part.name, `leaves a torn line in ${path}`)
    this.#writeAt(path, position, text.slice(0, part.chance.below(text.length)))
  }

  #writeAt(path: string, position: number, text: string): void {
    const before = this.#text(path)
    this.files.set(path, before.slice(0, position) + text + before.slice(position + text.length))
  }

  #text(path: string): string {
    return this.files.get(path) ?? ''
  }
}
