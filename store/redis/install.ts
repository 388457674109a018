import { asHistoryId, type HistoryId } from '../../contract/ids.ts'
import type { Random } from '../../runtime/random.ts'
import { StoreFault } from '../store.ts'
import type { Connection } from './connection.ts'
import { INSTALL_KEY, POLICIES_KEY, policyKeys, SCHEMA_VERSION } from './layout.ts'

/** What is the install's, said once for it and once in the slot of each policy. */
export interface Install {
  readonly installId: string
  readonly historyId: HistoryId
}

const FIELDS = ['install', 'schema', 'history', 'ready'] as const

/** What Redis says of the install; undefined where it holds none. Throws when it is not ours, or of another layout. */
export async function readInstall(connection: Connection, installId: string): Promise<Install | undefined> {
  const [install = null, schema = null, history = null] = await connection.hmget(INSTALL_KEY, FIELDS)
  if (install === null && history === null) return undefined
  if (install !== installId) {
    throw new StoreFault(anothers(connection.name, install), { problemCode: 'store_of_another_install' })
  }
  if (schema !== SCHEMA_VERSION) throw new StoreFault(otherLayout(connection.name, schema))
  if (history === null)
    throw new StoreFault(`${connection.name}: ${INSTALL_KEY} has lost its history: put its data back`)
  return { installId, historyId: asHistoryId(history) }
}

/** A person's word that this Redis is to be a new store. Harmless where it is one already. */
export async function initialise(connection: Connection, installId: string, random: Random): Promise<Install> {
  const written = { install: installId, schema: SCHEMA_VERSION, history: random.hex(8), ready: '1' }
  for (const [field, value] of Object.entries(written)) await connection.command('HSETNX', INSTALL_KEY, field, value)
  const install = await readInstall(connection, installId)
  if (install === undefined) throw new StoreFault(`${connection.name} did not keep what was written to it`)
  return install
}

/** Each policy's slot holds the history, so that a script can compare it without leaving the slot. */
export async function preparePolicy(connection: Connection, policyName: string, install: Install): Promise<void> {
  const { meta } = policyKeys(policyName)
  const [history = null] = await connection.hmget(meta, ['history'])
  if (history === null) {
    const isListed = (await connection.command('SISMEMBER', POLICIES_KEY, policyName)) === 1
    if (isListed) throw new StoreFault(lostSlot(connection.name, policyName))
    const written = { install: install.installId, schema: SCHEMA_VERSION, history: install.historyId, ready: '1' }
    for (const [field, value] of Object.entries(written)) await connection.command('HSETNX', meta, field, value)
  }
  await connection.command('SADD', POLICIES_KEY, policyName)
}

export async function listPolicies(connection: Connection): Promise<readonly string[]> {
  const names = (await connection.command('SMEMBERS', POLICIES_KEY)) as string[]
  return [...names].sort()
}

export function nothingThere(name: string): string {
  return (
    `${name} holds no store of jobcap. If it did before, its data are lost: put them back. ` +
    `If ledgers with journals served it, start one of those once with --initialise: a new replica waits for those that ran when it was ` +
    `emptied, and knows of no others. If it is to be a new store, start once with --initialise. An empty Redis is never taken for a fresh ledger.`
  )
}

export function testTime(name: string): string {
  return `${name} holds a store whose time a test has set (test_now_ms), so days and leases would stand still. Use another Redis.`
}

function anothers(name: string, install: string | null): string {
  return (
    `${name} holds the store of another install (${install ?? 'unnamed'}): its answers are sealed with another master key. ` +
    `Give each install its own Redis or its own database number, or put back the master key of that install.`
  )
}

function otherLayout(name: string, schema: string | null): string {
  const isNewer = Number(schema) > Number(SCHEMA_VERSION)
  return (
    `${name} has layout ${schema ?? 'none'}, this jobcap knows ${SCHEMA_VERSION}. ` +
    (isNewer
      ? 'Start the newer jobcap that wrote it.'
      : 'Start the jobcap that wrote it, and let its runs end, before this one.')
  )
}

function lostSlot(name: string, policyName: string): string {
  return `${name} has lost the data of policy ${policyName}, so nothing is admitted under it: put its data back`
}
