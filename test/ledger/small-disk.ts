import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A disk of its own that a test can fill. Needs root. */
export class SmallDisk {
  readonly folder: string
  readonly #filler: string

  constructor(folder: string) {
    this.folder = folder
    this.#filler = join(folder, 'filler')
    mkdirSync(folder, { recursive: true })
  }

  /** `size` as `mount` takes it, such as `2m`. */
  mount(size: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder])
  }

  remountReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.folder])
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder])
  }

  /** What grows a file fails from now on. */
  fill(): void {
    writeFileSync(this.#filler, '')
    try {
      for (;;) appendFileSync(this.#filler, Buffer.alloc(4_096))
    } catch {
      // Full: that is what was wanted.
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true })
  }
}
