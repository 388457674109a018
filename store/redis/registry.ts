import { asHistoryId, type HistoryId } from '../../contract/ids.ts'
import type { Registry, RegistryState, ReplicaCard } from '../recovery/registry.ts'
import type { Connection } from './connection.ts'
import { readInstall } from './install.ts'
import { INSTALL_KEY, policyKeys, REPLICAS_KEY, SCHEMA_VERSION } from './layout.ts'
import type { Places } from './places.ts'

/** A card is JSON; what a replica has handed over is `handed:` and the next history. */
const HANDED = 'handed:'
/** And of a replica whose journal a person has given up. */
const GIVEN_UP = 'given-up:'

/** The install's hash and the replicas' cards, and the history that the slot of every policy is under. */
export class RedisRegistry implements Registry {
  readonly #connection: Connection
  readonly #places: Places
  readonly #installId: string

  constructor(connection: Connection, places: Places, installId: string) {
    this.#connection = connection
    this.#places = places
    this.#installId = installId
  }

  async read(): Promise<RegistryState> {
    const install = await readInstall(this.#connection, this.#installId)
    const now = await this.#connection.witness()
    const [written = null, next = null] = await this.#connection.hmget(INSTALL_KEY, ['witness', 'next'])
    const fields = pairsOf(await this.#connection.command('HGETALL', REPLICAS_KEY))
    const handedOver = fields.flatMap(([name, value]) =>
      name.startsWith(HANDED) && value === next ? [name.slice(HANDED.length)] : [],
    )
    return {
      historyId: install?.historyId ?? null,
      witness: { written: written ?? '', now },
      recovery: next === null ? null : { next: asHistoryId(next), handedOver },
      replicas: fields.filter(([name]) => !name.includes(':')).map(([, card]) => JSON.parse(card) as ReplicaCard),
      givenUp: fields.flatMap(([name]) => (name.startsWith(GIVEN_UP) ? [name.slice(GIVEN_UP.length)] : [])),
    }
  }

  async enter(card: ReplicaCard): Promise<void> {
    await this.#connection.command('HSET', REPLICAS_KEY, card.replicaId, JSON.stringify(card))
  }

  async remove(replicaId: string): Promise<void> {
    await this.#connection.command('HDEL', REPLICAS_KEY, replicaId)
  }

  async giveUp(replicaId: string): Promise<void> {
    await this.#connection.command('HSET', REPLICAS_KEY, `${GIVEN_UP}${replicaId}`, '1')
    await this.remove(replicaId)
  }

  async noted(replicaIds: readonly string[]): Promise<void> {
    const fields = replicaIds.map((replicaId) => `${GIVEN_UP}${replicaId}`)
    if (fields.length > 0) await this.#connection.command('HDEL', REPLICAS_KEY, ...fields)
  }

  async begin(next: HistoryId): Promise<void> {
    await this.#connection.command('HSETNX', INSTALL_KEY, 'next', next)
    const [begun = null] = await this.#connection.hmget(INSTALL_KEY, ['next'])
    await this.#tellPolicies(begun ?? next)
  }

  async handOver(replicaId: string): Promise<void> {
    const [next = null] = await this.#connection.hmget(INSTALL_KEY, ['next'])
    if (next !== null) await this.#connection.command('HSET', REPLICAS_KEY, `${HANDED}${replicaId}`, next)
  }

  async finish(next: HistoryId): Promise<void> {
    await this.#tellPolicies(next)
    await this.#connection.command('HSET', INSTALL_KEY, 'history', next, 'witness', await this.#connection.witness())
    await this.#connection.command('HDEL', INSTALL_KEY, 'next')
  }

  /** No script of another history runs in any slot from now on. */
  async #tellPolicies(history: string): Promise<void> {
    for (const policyName of await this.#places.policies()) {
      const { meta } = policyKeys(policyName)
      const written = ['install', this.#installId, 'schema', SCHEMA_VERSION, 'ready', '1', 'history', history]
      await this.#connection.command('HSET', meta, ...written)
    }
  }
}

/** ioredis turns a hash into an object, except where it comes as it is. */
function pairsOf(reply: unknown): [string, string][] {
  if (!Array.isArray(reply)) return Object.entries(reply as Record<string, string>)
  return reply.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(reply[at + 1])] as [string, string]] : []))
}
