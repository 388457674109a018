import type { Fault, PartKind } from './plan/plan.ts'

type Of<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>

/** The plan's faults, each struck once, when its place has been come to so many times. */
export class Faults {
  readonly #faults: readonly Fault[]
  readonly #counts = new Map<string, number>()
  #areOver = false
  crashes = 0

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  /** From now on everything heals. */
  end(): void {
    this.#areOver = true
  }

  get areOver(): boolean {
    return this.#areOver
  }

  crash(part: PartKind, place: string, when: 'before' | 'after'): Of<'crash'> | undefined {
    const nth = this.#count(`${part} ${place} ${when}`)
    const any = this.#count(`${part} ${when}`)
    return this.#find(
      (fault): fault is Of<'crash'> =>
        fault.kind === 'crash' &&
        fault.part === part &&
        fault.when === when &&
        (fault.place === 'any' ? fault.nth === any : fault.place === place && fault.nth === nth),
    )
  }

  pause(part: PartKind, place: string, when: 'before' | 'after'): Of<'pause'> | undefined {
    const nth = this.#count(`${part} ${place} pause ${when}`)
    return this.#find(
      (fault): fault is Of<'pause'> =>
        fault.kind === 'pause' &&
        fault.part === part &&
        fault.place === place &&
        fault.when === when &&
        fault.nth === nth,
    )
  }

  link(): Of<'link'> | undefined {
    const nth = this.#count('link')
    return this.#find((fault): fault is Of<'link'> => fault.kind === 'link' && fault.nth === nth)
  }

  vendor(): Of<'vendor'> | undefined {
    const nth = this.#count('vendor')
    return this.#find((fault): fault is Of<'vendor'> => fault.kind === 'vendor' && fault.nth === nth)
  }

  store(step: string): Of<'store fault'> | undefined {
    const any = this.#count('store')
    const nth = this.#count(`store ${step}`)
    return this.#find(
      (fault): fault is Of<'store fault'> =>
        fault.kind === 'store fault' &&
        (fault.step === null ? fault.nth === any : fault.step === step && fault.nth === nth),
    )
  }

  app(): Of<'app'> | undefined {
    const nth = this.#count('app answer')
    return this.#find((fault): fault is Of<'app'> => fault.kind === 'app' && fault.nth === nth)
  }

  disk(): Of<'disk fault'> | undefined {
    const nth = this.#count('disk')
    return this.#find((fault): fault is Of<'disk fault'> => fault.kind === 'disk fault' && fault.nth === nth)
  }

  #count(name: string): number {
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    return count
  }

  #find<Found extends Fault>(is: (fault: Fault) => fault is Found): Found | undefined {
    return this.#areOver ? undefined : this.#faults.find(is)
  }
}
