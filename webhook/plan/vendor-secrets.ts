import type { Policy } from '../../policy/policy.ts'
import { appSideOf } from '../../vendors/registry/app.ts'
import { rewriteEnvironments } from './environment.ts'
import { type JsonObject, objectAt, objectsAt, textAt } from './json.ts'
import type { Draft } from './outcome.ts'
import { appContainers, POD_PATH } from './pod.ts'
import { warnOfSecretVolumes } from './secret-volumes.ts'

/** Of warnings, those that tell of a vendor secret; of `env_from_secret` it is not known before its keys are. */
const TELLING: readonly string[] = ['secret_volume', 'vendor_not_in_policy', 'secret_in_command']

export interface PodSecrets {
  /** `spec` of a Pod. */
  readonly podSpec: JsonObject
  readonly policy: Policy
  /** Keys of a Secret that a container takes whole. */
  readonly keysOf: (secret: string) => readonly string[]
}

/** What holds a vendor's secret in a Pod as it stands, a sentence each. Where admission has put in placeholders there is nothing. */
export function vendorSecretsIn({ podSpec, policy, keysOf }: PodSecrets): readonly string[] {
  const draft: Draft = { job: jobOf(structuredClone(podSpec)), changes: [], warnings: [] }
  rewriteEnvironments(draft, policy)
  warnOfSecretVolumes(draft.job, policy, draft.warnings)
  const replaced = draft.changes.filter(({ code }) => code === 'secret_replaced')
  const names = new Set(policy.vendors.flatMap((vendor) => appSideOf(vendor).secretEnvs))
  const whole = secretsTakenWhole(podSpec).flatMap(({ container, secret, prefix }) => {
    const variables = keysOf(secret).map((key) => `${prefix}${key}`)
    return variables.filter((name) => names.has(name)).map((name) => `${container} takes ${name} from Secret ${secret}`)
  })
  return [
    ...replaced.map(({ path }) => `${path.replace(`${POD_PATH}.`, '')} holds a vendor's secret`),
    ...draft.warnings.filter(({ code }) => TELLING.includes(code)).map(({ sentence }) => sentence.replace(/\.$/, '')),
    ...whole,
  ]
}

export interface TakenWhole {
  readonly container: string
  readonly secret: string
  readonly prefix: string
}

/** The Secrets that containers take all variables of (`envFrom`). */
export function secretsTakenWhole(podSpec: JsonObject): readonly TakenWhole[] {
  return appContainers(jobOf(podSpec)).flatMap(({ container, name }) =>
    objectsAt(container, 'envFrom').flatMap((source) => {
      const secret = textAt(objectAt(source, 'secretRef'), 'name')
      return secret === undefined ? [] : [{ container: name, secret, prefix: textAt(source, 'prefix') ?? '' }]
    }),
  )
}

function jobOf(podSpec: JsonObject): JsonObject {
  return { kind: 'Job', metadata: {}, spec: { template: { spec: podSpec } } }
}
