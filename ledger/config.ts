import { isAbsolute, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Environment } from '../runtime/environment.ts'
import type { ListenAddress } from '../runtime/http-server.ts'
import type { LedgerSettings } from './ledger.ts'

/** Settings of a ledger process, read once at its start. */
export interface LedgerConfig {
  readonly policyFile: string
  /** File of the database, or `:memory:`. */
  readonly storePath: string
  readonly listen: readonly ListenAddress[]
  /** Master key, operator token, token key, ended Pods. Mode 0700. */
  readonly stateFolder: string
  /** Null: secrets come from the environment only. */
  readonly secretsFolder: string | null
  /** Signs local Pod tokens; the runner reads the same file. */
  readonly podTokenKeyFile: string
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** The database was put back from a copy. */
  readonly restored: boolean
  readonly logLevel: string
  readonly settings: LedgerSettings
}

const address = z.string().transform((text, context): ListenAddress => {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) return { socketPath: text.slice('unix:'.length) }
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host !== undefined && Number(port) <= 65_535)
    return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
  context.addIssue({ code: 'custom', message: `"${text}" is not HOST:PORT such as 127.0.0.1:8081, nor unix:PATH` })
  return z.NEVER
})

const storePath = z
  .string({ error: 'missing: name the store, for example sqlite:/var/lib/jobcap/ledger.db' })
  .regex(/^sqlite:.+$/, { error: 'the store is sqlite:PATH' })
  .transform((text) => text.slice('sqlite:'.length))

const milliseconds = z
  .string()
  .regex(/^[0-9]{1,9}$/, { error: 'whole milliseconds' })
  .transform(Number)
  .refine((ms) => ms > 0, { error: 'above 0' })

const options = z
  .object({
    policy: z.string({ error: 'missing: without a policy nothing is allowed; name its file' }),
    store: storePath,
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
    'log-level': z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'vendor-deadline-ms': milliseconds.default(80_000),
    'repair-every-ms': milliseconds.default(5_000),
  })
  .refine((given) => (given['tls-cert'] === undefined) === (given['tls-key'] === undefined), {
    path: ['tls-cert'],
    error: 'tls-cert and tls-key go together',
  })
  .transform((given): LedgerConfig => {
    const { policy, store, listen, state, secrets, restored } = given
    const cert = given['tls-cert']
    const key = given['tls-key']
    return {
      policyFile: policy,
      storePath: store === ':memory:' || isAbsolute(store) ? store : resolve(store),
      listen,
      stateFolder: state,
      secretsFolder: secrets ?? null,
      podTokenKeyFile: given['pod-token-key'] ?? resolve(state, 'pod-token-key'),
      tls: cert === undefined || key === undefined ? null : { certFile: cert, keyFile: key },
      restored,
      logLevel: given['log-level'],
      settings: { vendorDeadlineMs: given['vendor-deadline-ms'], repairEveryMs: given['repair-every-ms'] },
    }
  })

/** Flags, each also as `JOBCAP_LEDGER_<FLAG>` in the environment; a flag wins. Throws with one sentence a problem. */
export function readConfig(args: readonly string[], environment: Environment): LedgerConfig {
  const { values } = parseArgs({
    args: [...args],
    options: {
      policy: { type: 'string' },
      store: { type: 'string' },
      listen: { type: 'string', multiple: true },
      state: { type: 'string' },
      secrets: { type: 'string' },
      'pod-token-key': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      restored: { type: 'boolean' },
      'log-level': { type: 'string' },
      'vendor-deadline-ms': { type: 'string' },
      'repair-every-ms': { type: 'string' },
    },
  })
  const result = options.safeParse({ ...fromEnvironment(environment), ...values })
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`)
  throw new Error(problems.join('; '))
}

/** `--restored` is a word for one start, so it is a flag only. */
const TEXT_FLAGS = ['policy', 'store', 'state', 'secrets', 'pod-token-key', 'tls-cert', 'tls-key', 'log-level'] as const

function fromEnvironment(environment: Environment): Record<string, unknown> {
  const variable = (flag: string) => environment[`JOBCAP_LEDGER_${flag.toUpperCase().replaceAll('-', '_')}`]
  const given: Record<string, unknown> = {}
  for (const flag of TEXT_FLAGS) if (variable(flag) !== undefined) given[flag] = variable(flag)
  const listen = variable('listen')
  return listen === undefined ? given : { ...given, listen: listen.split(',') }
}
