import {
  CREDENTIAL_VOLUME,
  INJECTED_ANNOTATION,
  ISSUER_CONTAINER,
  PROXY_CONTAINER,
  TOKEN_VOLUME,
} from '../../contract/labels.ts'
import { type JsonObject, objectAt, objectsAt, textAt, textsAt } from './json.ts'

export const OUR_CONTAINERS: readonly string[] = [ISSUER_CONTAINER, PROXY_CONTAINER]
export const OUR_VOLUMES: readonly string[] = [TOKEN_VOLUME, CREDENTIAL_VOLUME]

export const POD_PATH = 'spec.template.spec'

export function specOf(job: JsonObject): JsonObject {
  return objectAt(job, 'spec')
}

export function podOf(job: JsonObject): JsonObject {
  return objectAt(job, 'spec', 'template', 'spec')
}

export function nameOf(item: JsonObject): string {
  return textAt(item, 'name') ?? ''
}

/** A container of the app's own, init containers too. */
export interface AppContainer {
  readonly container: JsonObject
  readonly name: string
  /** Its place in the Job as it came. */
  readonly path: string
}

/** All containers that are not ours, in the order in which they start. */
export function appContainers(job: JsonObject): AppContainer[] {
  const pod = podOf(job)
  const named = (list: 'initContainers' | 'containers') =>
    objectsAt(pod, list).map((container) => {
      const name = nameOf(container)
      return { container, name, path: `${POD_PATH}.${list}[${name}]` }
    })
  return [...named('initContainers').filter(({ name }) => !OUR_CONTAINERS.includes(name)), ...named('containers')]
}

/** An init container that restarts for good. */
export function isNativeSidecar({ container, path }: Pick<AppContainer, 'container' | 'path'>): boolean {
  return path.startsWith(`${POD_PATH}.initContainers[`) && textAt(container, 'restartPolicy') === 'Always'
}

/** Whether admission injected this Job when it was made. */
export function isInjected(job: JsonObject): boolean {
  const annotations = textsAt(objectAt(job, 'spec', 'template', 'metadata'), 'annotations')
  return annotations[INJECTED_ANNOTATION] !== undefined
}

/** Name of the object for sentences. */
export function titleOf(job: JsonObject): string {
  const metadata = objectAt(job, 'metadata')
  return textAt(metadata, 'name') ?? `${textAt(metadata, 'generateName') ?? ''}*`
}
