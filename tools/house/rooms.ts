// Who may import whom: the one table behind the dependency rules, the lint rules and their tests.
// Paths are regular expressions from the root of the tree.

export interface Room {
  /** What it may import of other rooms. `[^/]+` stands for one vendor. */
  readonly mayImport: readonly RegExp[]
  /** Whether it does no input or output: of Node's own modules only PURE_NODE_MODULES. */
  readonly isPure: boolean
}

const CONTRACT = /^contract\//
const RUNTIME = /^runtime\//
const LEDGER_CLIENT = /^ledger\/client\.ts$/
const WEBHOOK_PLAN = /^webhook\/plan\.ts$/

const room = (...mayImport: readonly RegExp[]): Room => ({ mayImport, isPure: false })
const pureRoom = (...mayImport: readonly RegExp[]): Room => ({ mayImport, isPure: true })

export const ROOMS: Readonly<Record<string, Room>> = {
  contract: pureRoom(),
  policy: pureRoom(CONTRACT),
  vendors: pureRoom(CONTRACT),
  runtime: room(CONTRACT),
  kube: room(CONTRACT, RUNTIME),
  certs: room(CONTRACT, RUNTIME, /^kube\//),
  store: room(CONTRACT, RUNTIME),
  sidecar: room(/^contract\/(?!.*\.schema\.ts$)/, RUNTIME, /^vendors\/[^/]+\/identity(\.ts$|\/)/),
  webhook: room(CONTRACT, RUNTIME, LEDGER_CLIENT, /^policy\//, /^vendors\/[^/]+\/app\.ts$/, /^kube\//, /^certs\//),
  ledger: room(CONTRACT, RUNTIME, /^policy\//, /^vendors\//, /^store\//, /^kube\//, /^certs\//),
  controller: room(CONTRACT, RUNTIME, LEDGER_CLIENT, /^policy\//, /^kube\//, /^webhook\/server(\.ts$|\/)/),
  archive: room(CONTRACT, RUNTIME, LEDGER_CLIENT),
  local: room(CONTRACT, RUNTIME, WEBHOOK_PLAN, /^policy\//),
  cli: room(CONTRACT, RUNTIME, WEBHOOK_PLAN, LEDGER_CLIENT, /^policy\//, /^kube\//, /^local\//, /^archive\//),
  // Starting, logging, draining and the doors: what tells the truth shares no code with what it judges.
  'fake-vendors': room(/^runtime\/(clock|environment|http-server|lifecycle|log|random|terminal|timers)\.ts$/),
}

/** Folders that are no rooms and may import anything; no room may import them. */
export const AROUND_THE_HOUSE: readonly string[] = ['test', 'bench', 'tools']

/** Parts of rooms that do no input or output either. */
export const PURE_PARTS: readonly RegExp[] = [/^webhook\/plan(\.ts$|\/)/, /^store\/rules\//]

/** Node's modules that compute only. */
export const PURE_NODE_MODULES = ['assert', 'buffer', 'crypto', 'url', 'util']

/** One vendor's file that tells calls apart ships in the sidecar; what knows prices does not. */
export const IDENTITY_FILES = /^vendors\/[^/]+\/identity(\.ts$|\/)/
export const NOT_FOR_IDENTITY = /^vendors\/(cost|[^/]+\/(cost|app\.))/

/** The only files that may import a package. A package without a line here is free. */
export const PACKAGE_DOORS: Readonly<Record<string, RegExp>> = {
  '@kubernetes/client-node': /^kube\//,
  'better-sqlite3': /^store\/(sqlite|journal)\//,
  express: /^(webhook\/server(\.ts$|\/)|ledger\/operator\/)/,
  'http-proxy': /^sidecar\/proxy\/passthrough\.ts$/,
  ioredis: /^store\/redis\//,
  pino: RUNTIME,
  'prom-client': RUNTIME,
  undici: /^ledger\/vendor-client\//,
  zod: /^(contract|policy)\/.*\.schema\.ts$|^(?!sidecar\/).*\/config\.ts$/,
}

/** The only files that may touch time, chance, the environment and the console directly. */
export const DOORS: readonly string[] = ['runtime/**', 'tools/**', 'bench/**', 'test/**']

/** Names of folders and files that say nothing about what is in them. */
export const DUMPING_GROUNDS = /(^|\/)(utils?|helpers?|common|shared|misc)(\.[a-z.]+|\/|$)/
