import type { SidecarFiles } from '../../../sidecar/files.ts'
import type { Incarnation } from '../incarnation.ts'

/** A look at the kernel's table takes this long at least, so that a wait of half a minute stays a few hundred looks. */
const SHORTEST_LOOK_MS = 8
const LONGEST_LOOK_MS = 60
const TORN = 0.5

/** The Pod's memory volume: outlives the processes in it, dies with the Pod. */
export class PodVolume {
  readonly files = new Map<string, string>()
  /** Lines on their way into a file when their writer dies: a part of one may be there. */
  readonly #pending = new Map<object, { path: string; line: string }>()
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
      appendTo: async (path) => ({ append: (line) => this.#append(part, path, line) }),
    }
  }

  /** Their writer has died. */
  tearPending(part: Incarnation): void {
    for (const { path, line } of this.#pending.values()) {
      if (!part.chance.is(TORN)) continue
      const kept = line.slice(0, part.chance.below(line.length))
      part.stage.trace.say(part.name, `leaves a torn line in ${path}`)
      this.files.set(path, (this.files.get(path) ?? '') + kept)
    }
    this.#pending.clear()
  }

  async #append(part: Incarnation, path: string, line: string): Promise<void> {
    const pending = {}
    this.#pending.set(pending, { path, line })
    await part.effect('file.append', () => {
      this.#pending.delete(pending)
      this.files.set(path, `${this.files.get(path) ?? ''}${line}\n`)
    })
  }
}
