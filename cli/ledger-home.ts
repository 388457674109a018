import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../runtime/environment.ts'
import { entries } from './entries.ts'
import { BadInput, UsageError } from './faults.ts'

/** Where the ledger of a state folder keeps its things, and how it is started. */
export interface LedgerHome {
  readonly folder: string
  readonly stateFolder: string
  /** Holds the socket alone, so that it can be shown to issuer and proxy. */
  readonly socketFolder: string
  readonly socket: string
  readonly operatorTokenFile: string
  readonly podTokenKeyFile: string
}

/** What the ledger was last started with, so that `jobcap audit` can start it again to read. */
export interface LedgerSources {
  readonly policyFile: string
  /** Null: secrets come from the environment only. */
  readonly secretsFolder: string | null
}

/** The name of the socket within its folder. */
const SOCKET_NAME = 'ledger.sock'
/** Linux takes 107 bytes in the path of a Unix socket. */
const LONGEST_SOCKET_PATH = 107

export function ledgerHome(stateFolder: string): LedgerHome {
  const folder = join(stateFolder, 'ledger')
  const socketFolder = join(stateFolder, 'socket')
  const socket = join(socketFolder, SOCKET_NAME)
  if (Buffer.byteLength(socket) > LONGEST_SOCKET_PATH) {
    throw new UsageError(`--state ${stateFolder} is too long a path for a Unix socket; choose a shorter one`)
  }
  return {
    folder,
    stateFolder,
    socketFolder,
    socket,
    operatorTokenFile: join(folder, 'operator-token'),
    podTokenKeyFile: join(folder, 'pod-token-key'),
  }
}

/** Makes the folders. */
export function furnish(home: LedgerHome): void {
  mkdirSync(home.folder, { recursive: true, mode: 0o700 })
  mkdirSync(home.socketFolder, { recursive: true, mode: 0o700 })
}

/** Notes what the ledger that serves now was started with. */
export function remember(home: LedgerHome, sources: LedgerSources): void {
  writeFileSync(sourcesFile(home), JSON.stringify(sources), { mode: 0o600 })
}

/** Undefined where no ledger ever served. */
export function lastSources(home: LedgerHome): LedgerSources | undefined {
  const file = sourcesFile(home)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fault
  }
  try {
    return JSON.parse(text) as LedgerSources
  } catch {
    throw new BadInput([`${file} is damaged: delete it, then run \`jobcap run\` once with the right --policy`])
  }
}

function sourcesFile({ folder }: LedgerHome): string {
  return join(folder, 'sources.json')
}

/** Command line and environment of the ledger process. Vendor secrets may come from this process's environment. */
export function ledgerProcess(home: LedgerHome, sources: LedgerSources, environment: Environment) {
  const secrets = sources.secretsFolder === null ? [] : ['--secrets', sources.secretsFolder]
  return {
    command: process.execPath,
    args: [
      entries().ledger,
      ...['--policy', sources.policyFile, ...secrets],
      ...['--store', `sqlite:${join(home.folder, 'ledger.db')}`, '--state', home.folder],
      ...['--listen', `unix:${home.socket}`],
    ],
    environment,
    readyLine: /^\{"ready":true/,
  }
}
