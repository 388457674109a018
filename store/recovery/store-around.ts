import type { Store } from '../store.ts'

export type Step = (...args: unknown[]) => Promise<unknown>

export interface Around {
  /** In place of the store's own, by name. */
  readonly own: Readonly<Record<string, unknown>>
  /** What stands before every other step; asked once a step. */
  before(step: Step, name: string): Step
}

/** The store as its journeys see it, with something before its steps. */
export function storeAround(store: Store, { own, before }: Around): Store {
  /** One for each step, not one for each call of it. */
  const steps = new Map<string, unknown>()
  return new Proxy<Store>(store, {
    get(target, name) {
      if (typeof name !== 'string') return Reflect.get(target, name) as unknown
      const known = own[name] ?? steps.get(name)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const step = before(value.bind(target) as Step, name)
      steps.set(name, step)
      return step
    },
  })
}
