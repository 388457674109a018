import type { Store } from '../store.ts'
import type { Guard } from './guard.ts'
import type { DistributedStore } from './registry.ts'

/** The store as its journeys see it. */
export function guardedStore(guard: Guard, inner: DistributedStore): Store {
  const own: Readonly<Record<string, unknown>> = {
    ...guard.steps,
    problem: () => guard.problem(),
    close: () => guard.end(true),
  }
  return new Proxy<Store>(inner, {
    get(target, name) {
      if (typeof name === 'string' && name in own) return own[name]
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const step = value.bind(target) as (...args: unknown[]) => Promise<unknown>
      return (...args: unknown[]) => guard.pass(() => step(...args))
    },
  })
}
