import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readOrCreateTextFile } from '../runtime/key-file.ts'
import { afterInput } from '../runtime/timers.ts'
import { JournalFault } from '../store/journal/disk.ts'
import { openFileDisk } from '../store/journal/file-disk.ts'
import { DurabilityGate, gatedStore } from '../store/recovery/durability-gate.ts'
import type { Guard } from '../store/recovery/guard.ts'
import { guardedStore } from '../store/recovery/guarded-store.ts'
import { openGuard } from '../store/recovery/open-guard.ts'
import type { ReplicaName } from '../store/recovery/own-replica.ts'
import type { DistributedStore } from '../store/recovery/registry.ts'
import { openRedisStore } from '../store/redis/open.ts'
import type { StoreDoors } from '../store/redis/steps.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import type { StoreConfig } from './config.ts'
import type { StoreCare } from './ledger.ts'
import { openedOnceItAnswers } from './opened-once.ts'
import { deriveKey } from './seal.ts'

/** A store, and what a person is told and may say of it while it is not ready. */
export interface OpenedStore {
  readonly store: Store
  readonly care: StoreCare
}

/** Opens the engine that the settings name. What it holds is sealed with the master key, so that key says whose it is. */
export async function openStore(config: StoreConfig, masterKey: Uint8Array, doors: StoreDoors): Promise<OpenedStore> {
  switch (config.kind) {
    case 'sqlite': {
      const { path, restored } = config
      const store = await openSqliteStore({ ...doors, path, restored })
      return { store, care: { problemCodes: () => failing(store), giveUp: async () => undefined } }
    }
    case 'redis': {
      const { address, passwordFile, caFile, initialise, isAwaited } = config
      const fileText = passwordFile === null ? null : readFileSync(passwordFile, 'utf8').trim()
      const options = {
        ...doors,
        address,
        password: fileText ?? config.password?.reveal() ?? null,
        caPem: caFile === null ? null : readFileSync(caFile, 'utf8'),
        installId: deriveKey(masterKey, 'jobcap install v1').toString('hex').slice(0, 24),
        initialise,
      }
      const open = () => openRedisStore(options)
      const inner = await (isAwaited ? openedOnceItAnswers(open, doors) : open())
      const { journalFolder, giveUp, waived } = config
      const gate = new DurabilityGate({ ...doors, inner, hasJournal: journalFolder !== null, waived })
      await gate.start()
      if (journalFolder === null) {
        const problemCodes = () => [...gate.problemCodes(), ...failing(inner)]
        return { store: gatedStore(gate, inner), care: { problemCodes, giveUp: async () => undefined } }
      }
      const isOpen = gate.problem() === undefined
      const guard = await guarded(inner, { folder: journalFolder, giveUp, isOpen }, doors)
      return {
        store: gatedStore(gate, guardedStore(guard, inner)),
        care: {
          problemCodes: () => [...new Set([...gate.problemCodes(), ...guard.problemCodes()])],
          giveUp: (replicaId) => guard.giveUp(replicaId),
        },
      }
    }
  }
}

const failing = (store: Store) => (store.problem() === undefined ? [] : (['store_failed'] as const))

/** Writes each send into a journal first, and serves only a store that is known to be whole. */
async function guarded(
  inner: DistributedStore,
  { folder, giveUp, isOpen }: { readonly folder: string; readonly giveUp: readonly string[]; readonly isOpen: boolean },
  doors: StoreDoors,
): Promise<Guard> {
  const { random, log } = doors
  try {
    const disk = await openFileDisk(folder)
    const replica = replicaOf(folder, random)
    const { guard } = await openGuard({ ...doors, inner, disk, replica, gather: () => new Promise(afterInput) })
    for (const gone of giveUp) {
      log.warn({ replicaId: gone }, 'the journal of a replica is given up by --give-up')
      await inner.registry.giveUp(gone)
    }
    const starting = guard.start()
    // Behind a shut gate it may not get far, and a person wants to hear why from /readyz.
    if (isOpen) await starting
    return guard
  } catch (fault) {
    await inner.close()
    throw fault
  }
}

const REPLICA_ID = /^[0-9a-f]{16}$/

/** Two replicas under one id, or one under an id that a full disk has emptied, would wait for nobody's journal. */
function replicaOf(folder: string, random: StoreDoors['random']): ReplicaName {
  const path = join(folder, 'replica-id')
  let id = readOrCreateTextFile(path, () => random.hex(8))
  if (REPLICA_ID.test(id)) {
    return {
      get id() {
        return id
      },
      renew() {
        rmSync(path, { force: true })
        id = readOrCreateTextFile(path, () => random.hex(8))
      },
    }
  }
  throw new JournalFault(
    `${path} holds no id of a replica, which is 16 hex digits. Write into it the one that \`jobcap ledger repair\` at another replica waits for; ` +
      'or remove the file: the journal then counts under a new id, and the old one is given up by --give-up where it is waited for.',
  )
}
