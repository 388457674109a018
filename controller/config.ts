import { z } from 'zod'
import type { Environment } from '../runtime/environment.ts'
import { DEFAULT_RESOURCES, type PodResources, requestedAboveLimit } from '../webhook/server.ts'

/** Settings of the manager: admission and controller in one process. Read once at its start. */
export interface ManagerConfig {
  /** jobcap's own. */
  readonly namespace: string
  /** Where the API server reaches admission. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Host names of admission's Service. */
  readonly dnsNames: readonly string[]
  /** Name of the webhook configurations whose `caBundle` is kept. */
  readonly webhookConfiguration: string
  readonly authoritySecret: string
  /** Folder with `tls.crt`, `tls.key` and `ca.crt` that cert-manager or somebody else keeps; null: an authority of our own. */
  readonly tlsFolder: string | null
  /** Image of issuer and proxy. */
  readonly image: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never' | null
  /** Of issuer and proxy. */
  readonly resources: PodResources
  /** Of the Pods that they are put into. */
  readonly imagePullSecrets: readonly string[]
  /** As Pods reach the ledger, `https://…`. */
  readonly ledgerUrl: string
  /** A projected token that the ledger accepts from operators; read at each request. */
  readonly tokenFile: string
  readonly logLevel: string
}

const port = z.coerce.number().int().min(0).max(65_535)

const quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|Ki|Mi|Gi|Ti|k|M|G|T)?$/, { error: 'a quantity such as "20m" or "64Mi"' })
const resources: z.ZodType<PodResources> = z
  .strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ cpu: quantity.exactOptional(), memory: quantity }),
  })
  .superRefine((given, context) => {
    const name = requestedAboveLimit(given)
    if (name === undefined) return
    const message = `more than limits.${name}: the API server would refuse every Job`
    context.addIssue({ code: 'custom', path: ['requests', name], message })
  })

const resourcesAsJson = z.string().transform((text, context): PodResources => {
  const read = resources.safeParse(parseJson(text))
  if (read.success) return read.data
  context.addIssue({
    code: 'custom',
    message: `not JSON such as ${JSON.stringify(DEFAULT_RESOURCES)}: ${read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join(', ')}`,
  })
  return z.NEVER
})

const namesByComma = z.string().transform((text) => text.split(',').filter((name) => name !== ''))

const variables = z
  .object({
    JOBCAP_NAMESPACE: z.string({ error: "missing: jobcap's own namespace" }).min(1),
    JOBCAP_HOST: z.string().default('0.0.0.0'),
    JOBCAP_PORT: port.default(9443),
    JOBCAP_DNS_NAMES: z.string({ error: 'missing: the host names of the Service, separated by commas' }).min(1),
    JOBCAP_WEBHOOK_CONFIGURATION: z.string().default('jobcap'),
    JOBCAP_AUTHORITY_SECRET: z.string().default('jobcap-ca'),
    JOBCAP_TLS_FOLDER: z.string().min(1).optional(),
    JOBCAP_IMAGE: z.string({ error: 'missing: the image of issuer and proxy' }).min(1),
    JOBCAP_IMAGE_PULL_POLICY: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
    JOBCAP_INJECTED_RESOURCES: resourcesAsJson.optional(),
    JOBCAP_INJECTED_PULL_SECRETS: namesByComma.default([]),
    JOBCAP_LEDGER_URL: z.string().regex(/^https:\/\/[^/]+$/, { error: 'https://HOST:PORT' }),
    JOBCAP_TOKEN_FILE: z.string().default('/var/run/jobcap/token/token'),
    JOBCAP_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .transform(
    (given): ManagerConfig => ({
      namespace: given.JOBCAP_NAMESPACE,
      listen: { host: given.JOBCAP_HOST, port: given.JOBCAP_PORT },
      dnsNames: given.JOBCAP_DNS_NAMES.split(','),
      webhookConfiguration: given.JOBCAP_WEBHOOK_CONFIGURATION,
      authoritySecret: given.JOBCAP_AUTHORITY_SECRET,
      tlsFolder: given.JOBCAP_TLS_FOLDER ?? null,
      image: given.JOBCAP_IMAGE,
      imagePullPolicy: given.JOBCAP_IMAGE_PULL_POLICY ?? null,
      resources: given.JOBCAP_INJECTED_RESOURCES ?? DEFAULT_RESOURCES,
      imagePullSecrets: given.JOBCAP_INJECTED_PULL_SECRETS,
      ledgerUrl: given.JOBCAP_LEDGER_URL,
      tokenFile: given.JOBCAP_TOKEN_FILE,
      logLevel: given.JOBCAP_LOG_LEVEL,
    }),
  )

/** Throws with one sentence for each variable that cannot be worked with. */
export function readManagerConfig(environment: Environment): ManagerConfig {
  const result = variables.safeParse(environment)
  if (result.success) return result.data
  throw new Error(result.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`).join('; '))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
