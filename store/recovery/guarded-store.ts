import type { Store } from '../store.ts'
import type { Guard } from './guard.ts'
import type { DistributedStore } from './registry.ts'
import { storeAround } from './store-around.ts'

/** The store behind its guard. */
export function guardedStore(guard: Guard, inner: DistributedStore): Store {
  return storeAround(inner, {
    own: { ...guard.steps, problem: () => guard.problem(), close: () => guard.end(true) },
    before:
      (step) =>
      (...args) =>
        guard.pass(() => step(...args)),
  })
}
