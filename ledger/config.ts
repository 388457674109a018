import { isAbsolute, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Environment } from '../runtime/environment.ts'
import type { ListenAddress } from '../runtime/http-server.ts'
import { isWaiver, WAIVERS, type Waiver } from '../store/recovery/durability.ts'
import { parseRedisAddress, REDIS_FORMS, type RedisAddress } from '../store/redis/address.ts'
import { Secret } from './effects.ts'
import type { LedgerSettings } from './ledger.ts'
import type { VendorProxy } from './vendor-client/way-out.ts'

/** Settings of a ledger process, read once at its start. */
export interface LedgerConfig {
  /** Null in a cluster: there the policies are custom resources. */
  readonly policyFile: string | null
  /** Null where there is no cluster. */
  readonly kubernetes: KubernetesConfig | null
  readonly store: StoreConfig
  readonly listen: readonly ListenAddress[]
  /** Master key, operator token, token key, ended Pods. Mode 0700. */
  readonly stateFolder: string
  /** Null: secrets come from the environment only. */
  readonly secretsFolder: string | null
  /** Signs local Pod tokens; the runner reads the same file. */
  readonly podTokenKeyFile: string
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** To vendors over https; null: directly. */
  readonly vendorProxy: VendorProxy | null
  readonly logLevel: string
  readonly settings: LedgerSettings
}

/** Which engine keeps the money, and where. */
export type StoreConfig =
  | {
      readonly kind: 'sqlite'
      /** File of the database, or `:memory:`. */
      readonly path: string
      /** The database was put back from a copy. */
      readonly restored: boolean
    }
  | {
      readonly kind: 'redis'
      readonly address: RedisAddress
      /** Of the environment. The file is read at the start and wins. */
      readonly password: Secret | null
      readonly passwordFile: string | null
      /** PEM of the authority that signed Redis' certificate; null: those that Node trusts. */
      readonly caFile: string | null
      /** For one start: an empty Redis is to be a new store. */
      readonly initialise: boolean
      /** One that does not answer at the start is waited for: in a cluster. Else the start fails, and says so at once. */
      readonly isAwaited: boolean
      /** This replica's own, on a disk of its own. Null: none is kept. */
      readonly journalFolder: string | null
      /** A person's word: the journals of these replicas are lost, and not waited for. */
      readonly giveUp: readonly string[]
      /** A person's word, each by name: what is demanded of Redis and done without. */
      readonly waived: readonly Waiver[]
    }

/** In a cluster: who asks, what they may do, policies, secrets and certificates all come from its API server. */
export interface KubernetesConfig {
  /** jobcap's own. Vendor secrets and the certificate authority are Secrets in it. */
  readonly namespace: string
  /** Secret of the certificate authority. */
  readonly authoritySecret: string
  /** Secret of the key that replicas share; with Redis only. */
  readonly masterKeySecret: string
  /** Host names of the ledger's Service. */
  readonly dnsNames: readonly string[]
}

const address = z.string().transform((text, context): ListenAddress => {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) return { socketPath: text.slice('unix:'.length) }
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host !== undefined && Number(port) <= 65_535)
    return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
  context.addIssue({ code: 'custom', message: `"${text}" is not HOST:PORT such as 127.0.0.1:8081, nor unix:PATH` })
  return z.NEVER
})

type StorePlace =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'redis'; readonly address: RedisAddress }

const storePlace = z
  .string({ error: 'missing: name the store, for example sqlite:/var/lib/jobcap/ledger.db' })
  .transform((text, context): StorePlace => {
    if (/^sqlite:.+$/.test(text)) {
      const path = text.slice('sqlite:'.length)
      return { kind: 'sqlite', path: path === ':memory:' || isAbsolute(path) ? path : resolve(path) }
    }
    const parsed = /^redis/.test(text) ? parseRedisAddress(text) : `the store is sqlite:PATH or ${REDIS_FORMS}`
    if (typeof parsed !== 'string') return { kind: 'redis', address: parsed }
    context.addIssue({ code: 'custom', message: parsed })
    return z.NEVER
  })

const waiver = z.string().transform((word, context): Waiver => {
  if (isWaiver(word)) return word
  const known = `what may be waived is ${Object.keys(WAIVERS).join(', ')}`
  context.addIssue({
    code: 'custom',
    message: ['noeviction', 'master'].includes(word)
      ? `${word} cannot be waived: ${known}`
      : `"${word}" is not known: ${known}`,
  })
  return z.NEVER
})

const milliseconds = z
  .string()
  .regex(/^[0-9]{1,9}$/, { error: 'whole milliseconds' })
  .transform(Number)
  .refine((ms) => ms > 0, { error: 'above 0' })

const options = z
  .object({
    policy: z.string().optional(),
    kubernetes: z.boolean().default(false),
    namespace: z.string().optional(),
    'authority-secret': z.string().default('jobcap-ca'),
    'master-key-secret': z.string().default('jobcap-master-key'),
    'dns-names': z.string().default(''),
    store: storePlace,
    listen: z
      .array(address)
      .min(1)
      .default([{ host: '127.0.0.1', port: 8081 }]),
    state: z.string({ error: "missing: name the folder for the ledger's own keys" }),
    secrets: z.string().optional(),
    'pod-token-key': z.string().optional(),
    'tls-cert': z.string().optional(),
    'tls-key': z.string().optional(),
    restored: z.boolean().default(false),
    'redis-password': z.string().optional(),
    'redis-password-file': z.string().optional(),
    'redis-ca': z.string().optional(),
    initialise: z.boolean().default(false),
    journal: z.string().optional(),
    'give-up': z.array(z.string()).default([]),
    waive: z.array(waiver).default([]),
    'log-level': z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'vendor-proxy': z
      .string()
      .regex(/^https?:\/\/[^/]+\/?$/, { error: 'http://[USER:PASSWORD@]HOST:PORT, or https://…' })
      .optional(),
    'vendor-proxy-except': z.array(z.string()).default([]),
    'vendor-deadline-ms': milliseconds.default(80_000),
    'model-deadline-ms': milliseconds.default(600_000),
    'repair-every-ms': milliseconds.default(5_000),
  })
  .refine((given) => (given['tls-cert'] === undefined) === (given['tls-key'] === undefined), {
    path: ['tls-cert'],
    error: 'tls-cert and tls-key go together',
  })
  .refine((given) => given.store.kind === 'sqlite' || !given.restored, {
    path: ['restored'],
    error: 'is for SQLite; a Redis is recovered from the journals of its ledgers',
  })
  .refine((given) => given.store.kind === 'redis' || !given.initialise, {
    path: ['initialise'],
    error: 'is for Redis; a SQLite file is made where there is none',
  })
  .refine((given) => given.store.kind === 'redis' || given.waive.length === 0, {
    path: ['waive'],
    error: 'is for Redis; a SQLite file is always durable',
  })
  .refine((given) => given.policy !== undefined || given.kubernetes, {
    path: ['policy'],
    error: 'missing: without a policy nothing is allowed; name its file',
  })
  .refine((given) => !given.kubernetes || given.namespace !== undefined, {
    path: ['namespace'],
    error: "missing: with --kubernetes, name jobcap's own namespace",
  })
  .transform((given): LedgerConfig => {
    const { policy, listen, state, secrets } = given
    const cert = given['tls-cert']
    const key = given['tls-key']
    return {
      policyFile: policy ?? null,
      kubernetes: given.kubernetes
        ? {
            namespace: given.namespace ?? '',
            authoritySecret: given['authority-secret'],
            masterKeySecret: given['master-key-secret'],
            dnsNames: given['dns-names'].split(',').filter((name) => name !== ''),
          }
        : null,
      store: storeConfig(given.store, given),
      listen,
      stateFolder: state,
      secretsFolder: secrets ?? null,
      podTokenKeyFile: given['pod-token-key'] ?? resolve(state, 'pod-token-key'),
      tls: cert === undefined || key === undefined ? null : { certFile: cert, keyFile: key },
      vendorProxy:
        given['vendor-proxy'] === undefined
          ? null
          : { url: given['vendor-proxy'], except: given['vendor-proxy-except'] },
      logLevel: given['log-level'],
      settings: {
        vendorDeadlineMs: given['vendor-deadline-ms'],
        modelDeadlineMs: given['model-deadline-ms'],
        repairEveryMs: given['repair-every-ms'],
      },
    }
  })

interface StoreFlags {
  readonly kubernetes: boolean
  readonly restored: boolean
  readonly initialise: boolean
  readonly 'redis-password'?: string | undefined
  readonly 'redis-password-file'?: string | undefined
  readonly 'redis-ca'?: string | undefined
  readonly journal?: string | undefined
  readonly 'give-up': readonly string[]
  readonly waive: readonly Waiver[]
}

function storeConfig(place: StorePlace, flags: StoreFlags): StoreConfig {
  if (place.kind === 'sqlite') return { ...place, restored: flags.restored }
  const password = flags['redis-password']
  return {
    ...place,
    password: password === undefined ? null : new Secret(password),
    passwordFile: flags['redis-password-file'] ?? null,
    caFile: flags['redis-ca'] ?? null,
    initialise: flags.initialise,
    isAwaited: flags.kubernetes,
    journalFolder: flags.journal ?? null,
    giveUp: flags['give-up'],
    waived: [...new Set(flags.waive)],
  }
}

/** Flags, each also as `JOBCAP_LEDGER_<FLAG>` in the environment; a flag wins. Throws with one sentence a problem. */
export function readConfig(args: readonly string[], environment: Environment): LedgerConfig {
  const { values } = parseArgs({
    args: [...args],
    options: {
      policy: { type: 'string' },
      kubernetes: { type: 'boolean' },
      namespace: { type: 'string' },
      'authority-secret': { type: 'string' },
      'master-key-secret': { type: 'string' },
      'dns-names': { type: 'string' },
      store: { type: 'string' },
      listen: { type: 'string', multiple: true },
      state: { type: 'string' },
      secrets: { type: 'string' },
      'pod-token-key': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'vendor-proxy': { type: 'string' },
      'vendor-proxy-except': { type: 'string', multiple: true },
      restored: { type: 'boolean' },
      'redis-password-file': { type: 'string' },
      'redis-ca': { type: 'string' },
      journal: { type: 'string' },
      'give-up': { type: 'string', multiple: true },
      waive: { type: 'string', multiple: true },
      initialise: { type: 'boolean' },
      'log-level': { type: 'string' },
      'vendor-deadline-ms': { type: 'string' },
      'model-deadline-ms': { type: 'string' },
      'repair-every-ms': { type: 'string' },
    },
  })
  const result = options.safeParse({ ...fromEnvironment(environment), ...values })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`)
  throw new Error(problems.join('; '))
}

/** `--restored` and `--initialise` are words for one start, so they are flags only; a password is never a flag. */
const TEXT_FLAGS = [
  'policy',
  'namespace',
  'store',
  'state',
  'secrets',
  'pod-token-key',
  'tls-cert',
  'tls-key',
  'vendor-proxy',
  'log-level',
  'redis-password',
  'redis-password-file',
  'redis-ca',
  'journal',
] as const

/** With commas between in the environment. */
const LIST_FLAGS = ['listen', 'waive', 'vendor-proxy-except'] as const

function fromEnvironment(environment: Environment): Record<string, unknown> {
  const variable = (flag: string) => environment[`JOBCAP_LEDGER_${flag.toUpperCase().replaceAll('-', '_')}`]
  const given: Record<string, unknown> = {}
  for (const flag of TEXT_FLAGS) if (variable(flag) !== undefined) given[flag] = variable(flag)
  for (const flag of LIST_FLAGS) if (variable(flag)) given[flag] = variable(flag)?.split(',')
  return given
}
