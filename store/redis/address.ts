/** Where a Redis is. Secrets are not in it: they come from the environment or a file. */
export type RedisAddress = RedisPlace & {
  /** Whether the connection is encrypted (`rediss`). */
  readonly tls: boolean
  readonly username: string | null
  /** Number of the database; 0 on a Cluster. */
  readonly db: number
}

type RedisPlace =
  | { readonly kind: 'single'; readonly host: string; readonly port: number }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly HostPort[]; readonly master: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[] }

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** For the messages of the parser and of the command. */
export const REDIS_FORMS =
  'redis://HOST:PORT[/DB], redis+sentinel://HOST:PORT,HOST:PORT/MASTER[/DB] or redis+cluster://HOST:PORT,HOST:PORT (rediss… for TLS)'

/** The address, or one sentence on what is wrong with it. */
export function parseRedisAddress(text: string): RedisAddress | string {
  const parts = /^redis(s?)(\+sentinel|\+cluster)?:\/\/(?:([^@/]*)@)?([^/?#]*)(?:\/([^?#]*))?$/.exec(text)
  if (parts === null) return `not an address of a Redis: ${REDIS_FORMS}`
  const [, secure, kind, user = '', hosts = '', path = ''] = parts
  if (user.includes(':')) {
    return 'a password in the address would show in process lists and logs: put it into JOBCAP_LEDGER_REDIS_PASSWORD, or its file into --redis-password-file'
  }
  const places = hosts.split(',').map((each) => hostPort(each, kind === '+sentinel' ? 26_379 : 6379))
  const nodes = places.filter((place) => place !== undefined)
  if (nodes.length !== places.length) return `"${hosts}" is not HOST:PORT, or several with commas between`
  const common = { tls: secure === 's', username: user === '' ? null : decodeURIComponent(user) }
  if (kind === '+sentinel') return sentinelAddress(nodes, path, common)
  if (kind === '+cluster') {
    if (path !== '') return 'a Redis Cluster has only the database 0'
    return { kind: 'cluster', nodes, db: 0, ...common }
  }
  const [node, ...more] = nodes
  const db = database(path)
  if (node === undefined || more.length > 0)
    return 'one Redis has one HOST:PORT; several are redis+cluster:// or redis+sentinel://'
  if (db === undefined) return `"${path}" is not the number of a database`
  return { kind: 'single', ...node, db, ...common }
}

/** As a person reads it in logs and messages; no secret is in it. */
export function addressText(address: RedisAddress): string {
  const scheme = `redis${address.tls ? 's' : ''}`
  switch (address.kind) {
    case 'single':
      return `${scheme}://${address.host}:${address.port}/${address.db}`
    case 'sentinel':
      return `${scheme}+sentinel://${listText(address.sentinels)}/${address.master}/${address.db}`
    case 'cluster':
      return `${scheme}+cluster://${listText(address.nodes)}`
  }
}

const listText = (nodes: readonly HostPort[]) => nodes.map(({ host, port }) => `${host}:${port}`).join(',')

function sentinelAddress(
  sentinels: readonly HostPort[],
  path: string,
  common: { readonly tls: boolean; readonly username: string | null },
): RedisAddress | string {
  const [master = '', dbText = ''] = path.split('/')
  const db = database(dbText)
  if (!/^[\w.-]+$/.test(master)) return 'the name of the master is missing: redis+sentinel://HOST:PORT,HOST:PORT/MASTER'
  if (db === undefined) return `"${dbText}" is not the number of a database`
  return { kind: 'sentinel', sentinels, master, db, ...common }
}

function hostPort(text: string, usualPort: number): HostPort | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::([0-9]{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port === undefined ? usualPort : Number(port)
  if (host === undefined || number < 1 || number > 65_535) return undefined
  return { host, port: number }
}

function database(text: string): number | undefined {
  if (text === '') return 0
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined
}
