import type { ReplicaCard } from '../recovery/registry.ts'
import { StoreFault } from '../store.ts'
import type { Connection } from './connection.ts'
import { policyKeys, REPLICAS_KEY } from './layout.ts'
import type { Places } from './places.ts'

/** Of a replica that has ended cleanly, in the hash of the replicas and in that of each policy. */
const LEFT = 'left:'

/** Begins a script that answers 0 where the server's run is none of those in the text. */
export function isRunOf(runs: string): string {
  return `local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if not run or not string.find(${runs}, run, 1, true) then return 0 end`
}

/** KEYS: a hash. ARGV: a field of it, its value, runs of servers. 0: another run answers, which may have lost something. */
const WRITE = `
${isRunOf('ARGV[3]')}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`

interface FieldOfRun {
  readonly key: string
  readonly field: string
  readonly value: string
  readonly witness: string
}

/** Rejects when Redis is not the one of the witness: that one may have known more. */
async function writeInRun(connection: Connection, { key, field, value, witness }: FieldOfRun): Promise<void> {
  const written = await connection.command('EVAL', WRITE, 1, key, field, value, witness)
  if (written !== 1) throw new StoreFault('Redis was started anew since it was looked at', { isTransient: true })
}

/** What stands of it in the hash of the replicas. */
interface Departure {
  readonly card: ReplicaCard
  /** Stands in the slot of each of these policies too, written after all that the replica wrote there. */
  readonly nonce: string
  readonly policies: readonly string[]
}

/**
 * Who has ended cleanly. Each slot of a cluster may lose its last writes by itself, so whoever has left counts as gone only
 * while every slot still says so: one that does not may have lost calls of that replica as well.
 */
export class Departures {
  readonly #connection: Connection
  readonly #places: Places

  constructor(connection: Connection, places: Places) {
    this.#connection = connection
    this.#places = places
  }

  /** Rejects when Redis is not the one that the replica served under, by its witness: that one may have known more. */
  async write(card: ReplicaCard, nonce: string, witness: string): Promise<void> {
    const policies = await this.#places.policies()
    const field = `${LEFT}${card.replicaId}`
    const write = (key: string, value: string) => writeInRun(this.#connection, { key, field, value, witness })
    for (const policyName of policies) await write(policyKeys(policyName).meta, nonce)
    const departure: Departure = { card, nonce, policies }
    await write(REPLICAS_KEY, JSON.stringify(departure))
  }

  /** It is back, or is waited for no more. */
  async forget(replicaId: string): Promise<void> {
    await this.#connection.command('HDEL', REPLICAS_KEY, `${LEFT}${replicaId}`)
  }

  /** `unsure`: those of which some slot does not know any more that they have left. */
  async read(
    fields: readonly (readonly [name: string, value: string])[],
  ): Promise<{ readonly left: readonly ReplicaCard[]; readonly unsure: readonly ReplicaCard[] }> {
    const departures = fields
      .filter(([name]) => name.startsWith(LEFT))
      .map(([, departure]) => JSON.parse(departure) as Departure)
    const known = await Promise.all(departures.map((departure) => this.#isKnown(departure)))
    const cards = (isKnown: boolean) => departures.flatMap(({ card }, at) => (known[at] === isKnown ? [card] : []))
    return { left: cards(true), unsure: cards(false) }
  }

  async #isKnown({ card, nonce, policies }: Departure): Promise<boolean> {
    for (const policyName of policies) {
      const [written] = await this.#connection.hmget(policyKeys(policyName).meta, [`${LEFT}${card.replicaId}`])
      if (written !== nonce) return false
    }
    return true
  }
}
