import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where a tap leads, as `net.connect` takes it. */
export type TapTarget = { readonly path: string } | { readonly host: string; readonly port: number }

/**
 * What befalls one request on the wire:
 * `refuse` its connection is reset and none of its bytes arrive · `cut_request` half of its first bytes arrive, then both
 * ends are reset · `lose_answer` it arrives, and its sender is reset at once · `drop_answer` it is carried out, and its
 * sender is reset when the answer comes · `cut_answer` half of the answer's first bytes get through, then a reset ·
 * `half_close` it arrives, and its sender gets a FIN instead of an answer · `hold` it arrives, and the answer is kept
 * until it is let go · `swallow` nothing arrives and nothing comes back, and the connection stands
 */
export type Mishap =
  | 'refuse'
  | 'cut_request'
  | 'lose_answer'
  | 'drop_answer'
  | 'cut_answer'
  | 'half_close'
  | 'hold'
  | 'swallow'

export interface Befalling {
  /** Resolves when it has happened; with `hold`, when the answer is there and is kept. */
  readonly happened: Promise<void>
  /** Lets go what is held. */
  release(): void
}

interface Rule {
  readonly mishap: Mishap
  readonly match: RegExp
  readonly happened: PromiseWithResolvers<void>
  readonly released: PromiseWithResolvers<void>
}

/** A TCP proxy of the test between two parts: it passes bytes on, and on demand cuts, holds or loses them. */
export class Tap {
  readonly port: number
  /** All that were ever opened. */
  connections = 0
  readonly #server: Server
  readonly #target: TapTarget
  readonly #lines = new Set<Line>()
  #rules: Rule[] = []
  #watchers: { readonly match: RegExp; readonly resolve: () => void }[] = []
  #isCut = false

  private constructor(server: Server, target: TapTarget) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#accept(near))
  }

  static async open(target: TapTarget): Promise<Tap> {
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Tap(server, target)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The next request whose first bytes match meets this. Default: any. */
  befall(mishap: Mishap, match = /(?:)/): Befalling {
    const rule = {
      mishap,
      match,
      happened: Promise.withResolvers<void>(),
      released: Promise.withResolvers<void>(),
    }
    this.#rules.push(rule)
    return { happened: rule.happened.promise, release: () => rule.released.resolve() }
  }

  /** Resolves when a request whose first bytes match comes by. */
  passed(match: RegExp): Promise<void> {
    return new Promise((resolve) => this.#watchers.push({ match, resolve }))
  }

  /** Every connection that stands is reset; new ones pass. */
  resetAll(): void {
    for (const line of this.#lines) line.reset()
  }

  /** Every connection is reset, now and until `mend`. */
  cut(): void {
    this.#isCut = true
    this.resetAll()
  }

  mend(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    this.resetAll()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(near: Socket): void {
    this.connections += 1
    if (this.#isCut) {
      near.resetAndDestroy()
      return
    }
    const line = new Line(near, this.#target, (bytes) => this.#take(bytes))
    this.#lines.add(line)
    line.whenOver(() => this.#lines.delete(line))
  }

  #take(bytes: Buffer): Rule | undefined {
    const text = bytes.toString('latin1')
    const told = this.#watchers.filter(({ match }) => match.test(text))
    this.#watchers = this.#watchers.filter((watcher) => !told.includes(watcher))
    for (const { resolve } of told) resolve()
    const rule = this.#rules.find(({ match }) => match.test(text))
    this.#rules = this.#rules.filter((one) => one !== rule)
    return rule
  }
}

/** One connection and its continuation. */
class Line {
  readonly #near: Socket
  readonly #far: Socket
  readonly #take: (bytes: Buffer) => Rule | undefined
  /** Nothing is out: what comes next begins a request. */
  #isIdle = true
  #rule: Rule | undefined

  constructor(near: Socket, target: TapTarget, take: (bytes: Buffer) => Rule | undefined) {
    this.#near = near
    this.#take = take
    this.#far = connect({ ...target, allowHalfOpen: true })
    near.on('data', (bytes: Buffer) => this.#fromNear(bytes))
    this.#far.on('data', (bytes: Buffer) => this.#fromFar(bytes))
    near.on('end', () => this.#far.end()).on('error', () => this.#far.destroy())
    this.#far.on('end', () => this.#farEnded()).on('error', () => near.resetAndDestroy())
    near.on('close', () => this.#nearClosed())
  }

  whenOver(then: () => void): void {
    this.#near.once('close', then)
  }

  reset(): void {
    this.#near.resetAndDestroy()
    // A Unix socket knows no RST.
    this.#far.destroy()
  }

  #fromNear(bytes: Buffer): void {
    if (this.#isIdle) {
      this.#isIdle = false
      this.#rule = this.#take(bytes)
      if (this.#rule !== undefined) {
        this.#befall(this.#rule, bytes)
        return
      }
    }
    if (this.#rule?.mishap !== 'swallow') this.#far.write(bytes)
  }

  #befall({ mishap, happened }: Rule, bytes: Buffer): void {
    switch (mishap) {
      case 'refuse':
        this.reset()
        happened.resolve()
        return
      case 'cut_request':
        this.#far.write(bytes.subarray(0, bytes.length >> 1), () => {
          this.reset()
          happened.resolve()
        })
        return
      case 'swallow':
        happened.resolve()
        return
      case 'lose_answer':
      case 'half_close':
        this.#far.write(bytes, () => {
          if (mishap === 'half_close') this.#near.end()
          else this.#near.resetAndDestroy()
          happened.resolve()
        })
        return
      case 'drop_answer':
      case 'cut_answer':
      case 'hold':
        this.#far.write(bytes)
    }
  }

  #fromFar(bytes: Buffer): void {
    const rule = this.#rule
    if (rule === undefined) {
      this.#isIdle = true
      this.#near.write(bytes)
      return
    }
    switch (rule.mishap) {
      case 'drop_answer':
        this.reset()
        rule.happened.resolve()
        return
      case 'cut_answer':
        this.#near.write(bytes.subarray(0, bytes.length >> 1), () => {
          this.reset()
          rule.happened.resolve()
        })
        return
      case 'hold':
        rule.happened.resolve()
        // In the order in which they came: promises call back in order.
        void rule.released.promise.then(() => {
          this.#rule = undefined
          this.#isIdle = true
          this.#near.write(bytes)
        })
        return
      case 'refuse':
      case 'cut_request':
      case 'lose_answer':
      case 'half_close':
      case 'swallow':
      // The answer of a part that does not know: it goes nowhere.
    }
  }

  #farEnded(): void {
    if (this.#rule === undefined) this.#near.end()
    // What was held dies with its part.
    else this.#near.resetAndDestroy()
  }

  /** A part whose answer is lost goes on with its work: its end is kept until it closes. */
  #nearClosed(): void {
    if (this.#rule?.mishap === 'lose_answer' || this.#rule?.mishap === 'half_close') return
    this.#far.destroy()
  }
}
