import type { Policy } from '../../policy/policy.ts'
import { appSideOf } from '../../vendors/registry/app.ts'
import { rewriteEnvironments } from './environment.ts'
import type { JsonObject } from './json.ts'
import type { Draft } from './outcome.ts'
import { POD_PATH } from './pod.ts'
import { vendorOfSecretIn } from './secret-texts.ts'
import { warnOfSecretVolumes } from './secret-volumes.ts'
import { objectsTakenBy, type TakenObject, type Taker } from './taken-objects.ts'

/** Of warnings, those that tell of a vendor secret; of `env_from_secret` it is not known before its keys are. */
const TELLING: readonly string[] = ['secret_volume', 'vendor_not_in_policy', 'secret_in_command']

export interface PodSecrets {
  /** `spec` of a Pod. */
  readonly podSpec: JsonObject
  /** Of a Job that is yet to be made: only what admission will leave in its Pods. */
  readonly isTemplate: boolean
  readonly policy: Policy
  /** Texts of a Secret or ConfigMap by their keys; empty where it may not be read, or is not there. */
  readonly contentOf: (object: Pick<TakenObject, 'kind' | 'name'>) => Readonly<Record<string, string>>
}

/** What holds a vendor's secret in a Pod, a sentence each, without the secret. Where admission has put in placeholders there is nothing. */
export function vendorSecretsIn({ podSpec, isTemplate, policy, contentOf }: PodSecrets): readonly string[] {
  const draft: Draft = { job: jobOf(structuredClone(podSpec)), changes: [], warnings: [] }
  rewriteEnvironments(draft, policy)
  warnOfSecretVolumes(draft.job, policy, draft.warnings)
  const replaced = draft.changes.filter(({ code }) => code === 'secret_replaced')
  const telling = isTemplate ? [...TELLING, 'secret_in_manifest'] : TELLING
  const told = draft.warnings.filter(({ code }) => telling.includes(code)).map(({ sentence }) => sentence)
  // What is replaced in the draft is no reference any more.
  const held = objectsTakenBy(draft.job)
    .filter(({ by }) => !told.some((sentence) => sentence.startsWith(`${titleOf(by)} `)))
    .flatMap((object) => secretsHeldBy(object, { policy, content: contentOf(object) }))
  return [
    ...(isTemplate ? [] : replaced.map(({ path }) => `${path.replace(`${POD_PATH}.`, '')} holds a vendor's secret`)),
    ...told.map((sentence) => sentence.replace(/\.$/, '')),
    ...held,
  ]
}

/** Secrets and ConfigMaps that a Pod takes something of. */
export function objectsTaken(podSpec: JsonObject): readonly TakenObject[] {
  return objectsTakenBy(jobOf(podSpec))
}

function secretsHeldBy(
  { kind, name, keys, by }: TakenObject,
  { policy, content }: { readonly policy: Policy; readonly content: Readonly<Record<string, string>> },
): string[] {
  return (keys ?? Object.keys(content)).flatMap((key) => {
    if (isTakenByCustom(by, key, policy)) return [`${by.container} takes ${by.prefix}${key} from ${kind} ${name}`]
    const vendor = vendorOfSecretIn(content[key] ?? '')
    if (vendor === undefined) return []
    return [`${titleOf(by)} takes ${key} of ${kind} ${name}, which holds what looks like a secret of ${vendor}`]
  })
}

function isTakenByCustom(by: Taker, key: string, { vendors }: Policy): by is Extract<Taker, { place: 'environment' }> {
  if (by.place !== 'environment') return false
  return vendors.some((vendor) => appSideOf(vendor).secretEnvs.includes(`${by.prefix}${key}`))
}

function titleOf(by: Taker): string {
  if (by.place === 'volume') return `Volume ${by.volume}`
  return by.place === 'variable' ? `${by.variable} of container ${by.container}` : `Container ${by.container}`
}

function jobOf(podSpec: JsonObject): JsonObject {
  return { kind: 'Job', metadata: {}, spec: { template: { spec: podSpec } } }
}
