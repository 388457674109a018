import { dirname, isAbsolute, resolve } from 'node:path'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'
import { readOrCreateKeyFile } from '../../runtime/key-file.ts'
import { type Context, text, type Values } from '../command.ts'
import { Unavailable, UsageError } from '../faults.ts'
import { readFolder, readKey, readToken } from '../files.ts'
import { type LedgerHome, type LedgerSources, ledgerHome } from '../ledger-home.ts'
import { openLocalLedger } from '../local-ledger.ts'
import { LedgerLog } from './ledger-log.ts'
import type { Reporter } from './reporter.ts'

/** The ledger under which the Jobs of a manifest run. */
export interface RunLedger {
  /** Pods reach it by this socket. */
  readonly socket: string
  /** Makes sure that it serves. */
  open(): Promise<OpenRunLedger>
}

export interface OpenRunLedger {
  readonly client: LedgerClient
  /** Signs the tokens of local Pods. */
  readonly podTokenKey: Uint8Array
  /** Stops it, if it was started here. */
  stop(): Promise<void>
}

export interface RunLedgerSetting {
  readonly context: Context
  readonly reporter: Reporter
  readonly sources: LedgerSources
  readonly state: { readonly path: string; readonly logs: string }
}

/** A ledger that runs already, as `--ledger` and its companions name it. */
export interface NamedLedger {
  readonly address: string
  readonly socket: string
  readonly operatorToken: string
  readonly podTokenKey: Uint8Array
  /** No app may look into them. */
  readonly folders: readonly string[]
}

/** Undefined without `--ledger`. Pods have networks of their own, so only a socket can be shown to them. */
export function namedLedger(values: Values): NamedLedger | undefined {
  const address = text(values, 'ledger')
  if (address === undefined) return undefined
  const socket = address.replace(/^unix:/, '')
  if (!address.startsWith('unix:') || !isAbsolute(socket)) {
    throw new UsageError(`--ledger ${address} must be unix:/PATH: local Pods have networks of their own`)
  }
  const tokenFile = companion(values, 'token-file', 'operator-token')
  const keyFile = companion(values, 'pod-token-key', 'pod-token-key')
  return {
    address,
    socket,
    operatorToken: readToken(tokenFile),
    podTokenKey: readKey(keyFile),
    folders: [...new Set([readFolder('ledger', dirname(socket)), dirname(tokenFile), dirname(keyFile)])],
  }
}

function companion(values: Values, option: string, file: string): string {
  const given = text(values, option)
  if (given === undefined) throw new UsageError(`--ledger needs --${option}: the file ${file} of that ledger's --state`)
  return resolve(given)
}

/** The one that was named, or that of the state folder. */
export function runLedger(named: NamedLedger | undefined, setting: RunLedgerSetting): RunLedger {
  return named === undefined ? ledgerOfState(setting) : runningLedger(named)
}

function runningLedger({ address, socket, operatorToken, podTokenKey }: NamedLedger): RunLedger {
  return {
    socket,
    async open() {
      const client = createLedgerClient({ address, operatorToken })
      await client.readiness().catch((fault: Error) => {
        throw new Unavailable(`no ledger answers at ${address}: ${fault.message}`)
      })
      return { client, podTokenKey, stop: () => Promise.resolve() }
    },
  }
}

function ledgerOfState(setting: RunLedgerSetting): RunLedger {
  const { context, state } = setting
  const home = ledgerHome(state.path)
  return {
    socket: home.socket,
    async open() {
      const { client, stop } = await openHome(home, setting)
      return { client, stop, podTokenKey: readOrCreateKeyFile(home.podTokenKeyFile, context.random) }
    },
  }
}

function openHome(home: LedgerHome, { context, reporter, sources, state }: RunLedgerSetting) {
  const log = new LedgerLog(state.logs, reporter)
  return openLocalLedger(home, sources, {
    ...context,
    watch: {
      logFile: log.file,
      onServing: (pid) => reporter.event({ event: 'ledger.started', pid, address: `unix:${home.socket}` }),
      onRestart: (exit) => reporter.say(`[ledger] ended with ${exit} and is started again`),
      onLine: (line) => log.take(line),
    },
  })
}
