import { asHistoryId, type HistoryId } from '../../contract/ids.ts'
import type { FoundCard, RecoveryOver, Registry, RegistryState, ReplicaCard } from '../recovery/registry.ts'
import { StoreFault } from '../store.ts'
import type { Connection } from './connection.ts'
import { Departures, isRunOf } from './departures.ts'
import { listPolicies, readInstall } from './install.ts'
import { INSTALL_KEY, policyKeys, REPLICAS_KEY, SCHEMA_VERSION } from './layout.ts'
import type { Places } from './places.ts'

const INSTALL_FIELDS = ['history', 'witness', 'next', 'next_witness'] as const
/** A card is JSON; that a replica has handed over is `handed:`, and the next history and the witness of that recovery. */
const HANDED = 'handed:'
/** And of a replica whose journal a person has given up. */
const GIVEN_UP = 'given-up:'
const overText = ({ next, witness }: RecoveryOver): string => `${next} ${witness}`

/** KEYS: the replicas. ARGV: one, its card, runs of servers, the mark of the card that was found. 0: another run, or another's card. */
const ENTER = `
${isRunOf('ARGV[3]')}
local held = redis.call('HGET', KEYS[1], ARGV[1])
local mark = held and cjson.decode(held).mark
if mark and mark ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`

/** KEYS: the replicas. ARGV: one, the mark of its card. */
const LEAVE = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
local mark = held and cjson.decode(held).mark
if not mark or mark == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
`

/** KEYS: the install. ARGV: a next history, the run of the server that answers. The one that is next in this run. */
const BEGIN = `
if redis.call('HGET', KEYS[1], 'next_witness') ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'next', ARGV[1], 'next_witness', ARGV[2])
end
return redis.call('HGET', KEYS[1], 'next')
`

/** KEYS: the install. ARGV: the history that ends its recovery, the witness of it. 0: that recovery is not under way any more. */
const FINISH = `
if redis.call('HGET', KEYS[1], 'next') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'history', ARGV[1], 'witness', ARGV[2])
redis.call('HDEL', KEYS[1], 'next', 'next_witness')
return 1
`

/** The install's hash and the replicas' cards, and the history that the slot of every policy is under. */
export class RedisRegistry implements Registry {
  readonly #connection: Connection
  readonly #departures: Departures
  readonly #installId: string

  constructor(connection: Connection, places: Places, installId: string) {
    this.#connection = connection
    this.#departures = new Departures(connection, places)
    this.#installId = installId
  }

  async read(): Promise<RegistryState> {
    const install = await readInstall(this.#connection, this.#installId)
    const now = await this.#connection.witness()
    const fields = pairsOf(await this.#connection.command('HGETALL', REPLICAS_KEY))
    const { left, unsure } = await this.#departures.read(fields)
    const ofPolicies = install === undefined ? [] : await this.#historiesOfPolicies()
    const [history = null, written = null, next = null, begunIn = null] = await this.#connection.hmget(
      INSTALL_KEY,
      INSTALL_FIELDS,
    )
    const historyId = install?.historyId ?? null
    // A recovery that ended meanwhile would look like a stray.
    if (history !== historyId) return this.read()
    const over = overText({ next: asHistoryId(next ?? ''), witness: now })
    const cards = fields.filter(([name]) => !name.includes(':')).map(([, card]) => JSON.parse(card) as ReplicaCard)
    const marked = (mark: string) => fields.filter(([name]) => name.startsWith(mark))
    const namesOf = (of: readonly [string, string][]) => of.map(([name]) => name.slice(name.indexOf(':') + 1))
    return {
      historyId,
      witness: { written: written ?? '', now },
      strays: ofPolicies.filter((each) => each !== historyId),
      recovery:
        next === null
          ? null
          : {
              next: asHistoryId(next),
              witness: begunIn ?? '',
              handedOver: namesOf(marked(HANDED).filter(([, to]) => to === over)),
            },
      replicas: [...cards, ...unsure.filter(({ replicaId }) => !cards.some((card) => card.replicaId === replicaId))],
      left,
      givenUp: namesOf(marked(GIVEN_UP)),
    }
  }

  async enter(card: ReplicaCard, { witness, mark = '' }: FoundCard): Promise<void> {
    const written = [card.replicaId, JSON.stringify(card), witness, mark]
    if ((await this.#connection.command('EVAL', ENTER, 1, REPLICAS_KEY, ...written)) !== 1) {
      throw new StoreFault('Redis was started anew, or another ledger wrote the card, since it was looked at', {
        isTransient: true,
      })
    }
    await this.#departures.forget(card.replicaId)
  }

  async leave(card: ReplicaCard, nonce: string, witness: string): Promise<void> {
    await this.#departures.write(card, nonce, witness)
    await this.#connection.command('EVAL', LEAVE, 1, REPLICAS_KEY, card.replicaId, card.mark ?? '')
  }

  async giveUp(replicaId: string): Promise<void> {
    await this.#connection.command('HSET', REPLICAS_KEY, `${GIVEN_UP}${replicaId}`, '1')
    await this.#connection.command('HDEL', REPLICAS_KEY, replicaId)
    await this.#departures.forget(replicaId)
  }

  async noted(replicaIds: readonly string[]): Promise<void> {
    const fields = replicaIds.map((replicaId) => `${GIVEN_UP}${replicaId}`)
    if (fields.length > 0) await this.#connection.command('HDEL', REPLICAS_KEY, ...fields)
  }

  /**
   * A file that was cut off within a script is loaded without that script, but Redis 7.0 cuts it only to the last whole
   * command: what comes after it stands in the same transaction, and the next start would run the half script. What is
   * loaded is right, so each file is written anew from it (ADR 0047).
   */
  async begin({ next, witness }: RecoveryOver): Promise<void> {
    await this.#connection.rewriteFiles()
    const begun = await this.#connection.command('EVAL', BEGIN, 1, INSTALL_KEY, next, witness)
    await this.#tellPolicies(String(begun))
  }

  async stopSlots(): Promise<void> {
    const [next = null] = await this.#connection.hmget(INSTALL_KEY, ['next'])
    if (next !== null) await this.#tellPolicies(next)
  }

  async handOver(replicaId: string, over: RecoveryOver): Promise<void> {
    await this.#connection.command('HSET', REPLICAS_KEY, `${HANDED}${replicaId}`, overText(over))
  }

  async finish({ next, witness }: RecoveryOver): Promise<void> {
    const [underWay = null] = await this.#connection.hmget(INSTALL_KEY, ['next'])
    if (underWay !== next) return
    await this.#tellPolicies(next)
    await this.#connection.command('EVAL', FINISH, 1, INSTALL_KEY, next, witness)
  }

  /** Of a policy whose slot has lost its data there is none; and which there are is asked whatever this ledger knew of. */
  async #historiesOfPolicies(): Promise<readonly HistoryId[]> {
    const policies = await listPolicies(this.#connection)
    const asked = policies.map(async (policyName) => {
      const [history = null] = await this.#connection.hmget(policyKeys(policyName).meta, ['history'])
      return history === null ? [] : [asHistoryId(history)]
    })
    return (await Promise.all(asked)).flat()
  }

  /** No script of another history runs in any slot from now on. */
  async #tellPolicies(history: string): Promise<void> {
    for (const policyName of await listPolicies(this.#connection)) {
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
