import { asHistoryId } from '../../../contract/ids.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import type { Guard } from '../../../store/recovery/guard.ts'
import { openGuard } from '../../../store/recovery/open-guard.ts'
import type { GuardDoors } from '../../../store/recovery/recovery.ts'
import type { DistributedStore, Registry, RegistryState, ReplicaCard } from '../../../store/recovery/registry.ts'
import { SILENT } from '../stage.ts'

const historyId = asHistoryId('1'.padStart(16, '0'))

/** A registry that knows of no loss. */
export const WHOLE: RegistryState = {
  historyId,
  witness: { written: 'run 1', now: 'run 1' },
  strays: [],
  recovery: null,
  replicas: [],
  left: [],
  givenUp: [],
}

/** A guard, with its journal in this folder, over a store of which nothing is lost. */
export async function guardOverWhole(
  folder: string,
  steps: Partial<Pick<DistributedStore, 'findCall' | 'findKey'>> & { readonly registry: Partial<Registry> },
  given: Partial<GuardDoors> = {},
): Promise<{ guard: Guard; doubt: (why: string) => void }> {
  let doubt: (why: string) => void = () => {}
  let entered: readonly ReplicaCard[] = []
  const { read, enter } = steps.registry
  const registry: Partial<Registry> = {
    async leave() {},
    async noted() {},
    ...steps.registry,
    async read() {
      const found = (await read?.()) ?? WHOLE
      return { ...found, replicas: [...found.replicas, ...entered] }
    },
    async enter(card, found) {
      await enter?.(card, found)
      entered = [card]
    },
  }
  const inner = {
    ...steps,
    registry,
    historyId,
    adopt() {},
    async close() {},
    problem: () => undefined,
    onDoubt(told: typeof doubt) {
      doubt = told
    },
  } as unknown as DistributedStore
  const doors = { clock: systemClock, random: systemRandom, timers: systemTimers, log: SILENT, ...given }
  const { guard } = await openGuard({
    ...doors,
    inner,
    disk: await openFileDisk(folder),
    replica: { id: 'a', renew: () => undefined },
  })
  return { guard, doubt: (why) => doubt(why) }
}
