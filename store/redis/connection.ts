import { Cluster, Redis } from 'ioredis'
import type { Log } from '../../runtime/log.ts'
import { afterThisTurn } from '../../runtime/turn.ts'
import { StoreFault } from '../store.ts'
import { addressText, type RedisAddress } from './address.ts'
import { faultOf } from './faults.ts'
import { LoadedScript } from './loaded-script.ts'
import type { Script, ScriptValue } from './script.ts'

export interface ConnectionOptions {
  readonly address: RedisAddress
  readonly password: string | null
  /** PEM of the authority that signed Redis' certificate; null: those that Node trusts. */
  readonly caPem: string | null
  readonly log: Log
  /** Only tests plant a bug in the scripts. */
  readonly altered?: ((lua: string) => string) | undefined
}

/** An answer that is later than this is not waited for: what was asked may have happened or not. */
export const ANSWER_DEADLINE_MS = 2_000
const CONNECT_DEADLINE_MS = 2_000
/** A connection on which nothing comes back for so long is given up: its peer may be gone without a word. */
const SILENT_CONNECTION_MS = 3_000
const LONGEST_RECONNECT_MS = 500

/** One word of a reply; blobs are bytes. */
export type Reply = readonly Buffer[]

/** The only door to Redis. Rejects with `StoreFault`, which says whether the step may have happened. */
export interface Connection {
  readonly name: string
  run<Arg extends string>(
    script: Script<Arg>,
    keys: readonly string[],
    given: { readonly history: string; readonly args: Readonly<Record<Arg, ScriptValue>> },
  ): Promise<Reply>
  hmget(key: string, fields: readonly string[]): Promise<readonly (string | null)[]>
  hmgetBytes(key: string, fields: readonly string[]): Promise<readonly (Buffer | null)[]>
  /** Which runs of which servers answer: it changes with every restart and every change of master. */
  witness(): Promise<string>
  /**
   * Called whenever a connection is lost, or a Cluster has another master, before the answer to what was sent on to it is
   * told: what answers next may be another server, or have lost something.
   */
  onBroken(broken: () => void): void
  /** The servers that answer steps. */
  masters(): readonly Master[]
  /** Each of them begins to write its append-only file anew from its memory, where it has loaded one and lets us. */
  rewriteFiles(): Promise<void>
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>
  close(): void
}

/** One server that answers steps; behind a wrong address it may be a replica all the same. */
export interface Master {
  readonly name: string
  /** Who says that it is the master. */
  readonly namedBy: RedisAddress['kind']
  info(): Promise<string>
  /** As CONFIG GET has it; null when the server does not tell us. */
  setting(name: string): Promise<string | null>
  /** Whether what goes to it is encrypted, or does not leave this machine. True of an open connection only. */
  isPrivate(): boolean
}

export async function connect(options: ConnectionOptions): Promise<Connection> {
  const client = makeClient(options)
  const name = addressText(options.address)
  // Without a listener ioredis prints by itself. Of a connection that is refused anew, a failed command does not say why.
  let why: unknown
  client.on('error', (fault: unknown) => {
    why = fault
    options.log.warn({ err: fault }, 'the connection to Redis')
  })
  const { altered = (lua: string) => lua } = options
  const known = new Map<string, LoadedScript>()
  const broken: (() => void)[] = []
  const tellAll = () => {
    for (const tell of broken) tell()
  }
  const look = client instanceof Cluster ? lookForPromoted(client, tellAll) : undefined
  const guarded = <Answer>(what: Promise<Answer>): Promise<Answer> => {
    const told = what.catch((fault: unknown) => {
      throw faultOf(fault, name, why)
    })
    return look === undefined ? told : told.finally(look)
  }
  client.on('ready', () => {
    why = undefined
  })
  try {
    await client.connect()
  } catch (fault) {
    client.disconnect()
    // Of a connection that never was, ioredis says only that it is closed.
    throw faultOf(why ?? fault, name)
  }
  return {
    name,
    run(script, keys, given) {
      const loaded = known.get(script.name) ?? new LoadedScript(script, altered)
      known.set(script.name, loaded)
      gather(client)
      return guarded(loaded.ask(client, keys, given))
    },
    hmget: (key, fields) => guarded(client.hmget(key, ...fields)),
    hmgetBytes: (key, fields) => guarded(client.hmgetBuffer(key, ...fields)),
    witness: () => guarded(witnessOf(client)),
    onBroken(tell) {
      broken.push(tell)
      client.on('close', tell)
      if (client instanceof Cluster) client.on('node error', tell).on('-node', tell).on('+node', tell)
    },
    masters() {
      const nodes = mastersOf(client)
      if (nodes.length === 0) throw new StoreFault(`${name} has no master that answers`, { isTransient: true })
      const { kind: namedBy } = options.address
      return nodes.map((node) => ({
        ...masterOf(node, client === node ? name : placeOf(node), () => why),
        namedBy,
      }))
    },
    rewriteFiles: () => guarded(rewriteFilesOf(client, options.log)),
    command: (command, ...args) => guarded(client.call(command, ...args.map(String))),
    close: () => client.disconnect(),
  }
}

/**
 * What is asked in one turn of the event loop leaves in one write: Redis then reads, appends and answers it together. Without
 * it each step is a system call on both sides. A Cluster's nodes are not gathered: a step knows its node only inside ioredis.
 */
function gather(client: Redis | Cluster): void {
  if (client instanceof Cluster) return
  const { stream } = client
  if (stream.writableCorked > 0) return
  stream.cork()
  afterThisTurn(() => stream.uncork())
}

function makeClient({ address, password, caPem }: ConnectionOptions): Redis | Cluster {
  const tls = address.tls ? { tls: caPem === null ? {} : { ca: caPem } } : {}
  const secret = {
    ...(address.username === null ? {} : { username: address.username }),
    ...(password === null ? {} : { password }),
  }
  const common = {
    ...secret,
    ...tls,
    db: address.db,
    // A step that waits in our queue while Redis is away would run under a history of which nobody has asked.
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_DEADLINE_MS,
    connectTimeout: CONNECT_DEADLINE_MS,
    socketTimeout: SILENT_CONNECTION_MS,
    retryStrategy: reconnectAfterMs,
    connectionName: 'jobcap',
    lazyConnect: true,
  }
  switch (address.kind) {
    case 'single':
      return new Redis({ ...common, host: address.host, port: address.port })
    case 'sentinel':
      return new Redis({
        ...common,
        sentinels: [...address.sentinels],
        name: address.master,
        sentinelRetryStrategy: reconnectAfterMs,
        ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: tls.tls ?? {} } : {}),
      })
    case 'cluster':
      return new Cluster([...address.nodes], {
        enableOfflineQueue: false,
        clusterRetryStrategy: reconnectAfterMs,
        redisOptions: common,
        lazyConnect: true,
      })
  }
}

/**
 * A Cluster makes a replica the master with no connection broken where the master lives, as after it was silent for a while:
 * what it had not handed on is lost, and what is asked of it is sent on. ioredis has no event for that; which nodes it takes
 * for masters shows it, by the time of the answer. A master that it knew gets a slot only together with all that is in it.
 */
function lookForPromoted(client: Cluster, tell: () => void): () => void {
  let known: readonly Redis[] = []
  const look = () => {
    const before = known
    known = client.nodes('master')
    if (known.some((node) => !before.includes(node))) tell()
  }
  client.on('refresh', look)
  return look
}

const mastersOf = (client: Redis | Cluster) => (client instanceof Cluster ? client.nodes('master') : [client])
const placeOf = ({ options }: Redis) => `${options.host}:${options.port}`

function masterOf(node: Redis, name: string, connecting: () => unknown): Omit<Master, 'namedBy'> {
  const guarded = <Answer>(what: Promise<Answer>): Promise<Answer> =>
    what.catch((fault: unknown) => {
      throw faultOf(fault, name, connecting())
    })
  return {
    name,
    info: () => guarded(node.info()),
    async setting(setting) {
      const asking = node.call('CONFIG', 'GET', setting).catch((fault: unknown) => {
        if (/^(NOPERM|ERR unknown command)/.test(String((fault as Error).message))) return null
        throw fault
      })
      const reply = await guarded(asking)
      return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null
    },
    isPrivate: () => 'encrypted' in node.stream || isLoopback(node.stream.remoteAddress),
  }
}

async function rewriteFilesOf(client: Redis | Cluster, log: Log): Promise<void> {
  await Promise.all(mastersOf(client).map((node) => rewriteFileOf(node, log)))
}

async function rewriteFileOf(node: Redis, log: Log): Promise<void> {
  // Without a size nothing was loaded from it: it is of this run, and has been cut by no other.
  if (!/^aof_base_size:[1-9]/m.test(await node.info('persistence'))) return
  await node.call('BGREWRITEAOF').catch((fault: Error) => {
    if (fault.name !== 'ReplyError') throw fault
    if (!fault.message.includes('already in progress'))
      log.warn({ err: fault, redis: placeOf(node) }, 'its append-only file was not written anew after a loss')
  })
}

const isLoopback = (address = '') => /^(::ffff:)?127\.|^::1$/.test(address)

async function witnessOf(client: Redis | Cluster): Promise<string> {
  const runs = await Promise.all(
    mastersOf(client).map(async (node) => {
      const info = `${await node.info('server')}\n${await node.info('replication')}`
      const of = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? ''
      return `${of('run_id')}.${of('master_replid')}`
    }),
  )
  return runs.toSorted().join(' ')
}

const reconnectAfterMs = (times: number) => Math.min(times * 50, LONGEST_RECONNECT_MS)

/** Whether a fault of a step is one that a second asking may cure. */
export function isWorthAsking(fault: unknown): boolean {
  return fault instanceof StoreFault && fault.isTransient
}
