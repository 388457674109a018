import { type JsonObject, objectAt, objectsAt, textAt } from './json.ts'
import { type AppContainer, appContainers, nameOf, podOf } from './pod.ts'

/** What a Pod takes of one Secret or ConfigMap, in one place. */
export interface TakenObject {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
  /** Keys that are named one by one; null: all of them. */
  readonly keys: readonly string[] | null
  readonly by: Taker
}

export type Taker =
  | { readonly place: 'variable'; readonly variable: string; readonly container: string }
  /** All keys as variables, with this before their names. */
  | { readonly place: 'environment'; readonly container: string; readonly prefix: string }
  | { readonly place: 'volume'; readonly volume: string }

/** Of the app's own containers and all volumes, in their order; not what an init container of ours takes. */
export function objectsTakenBy(job: JsonObject): readonly TakenObject[] {
  return [...appContainers(job).flatMap(takenByContainer), ...objectsAt(podOf(job), 'volumes').flatMap(takenByVolume)]
}

function takenByContainer({ container, name }: AppContainer): TakenObject[] {
  const variables = objectsAt(container, 'env').flatMap((entry) => {
    const by: Taker = { place: 'variable', variable: nameOf(entry), container: name }
    return [
      ...taken('Secret', objectAt(entry, 'valueFrom', 'secretKeyRef'), by),
      ...taken('ConfigMap', objectAt(entry, 'valueFrom', 'configMapKeyRef'), by),
    ]
  })
  const whole = objectsAt(container, 'envFrom').flatMap((source) => {
    const by: Taker = { place: 'environment', container: name, prefix: textAt(source, 'prefix') ?? '' }
    return [
      ...taken('Secret', objectAt(source, 'secretRef'), by),
      ...taken('ConfigMap', objectAt(source, 'configMapRef'), by),
    ]
  })
  return [...variables, ...whole]
}

function takenByVolume(volume: JsonObject): TakenObject[] {
  const by: Taker = { place: 'volume', volume: nameOf(volume) }
  return [volume, ...objectsAt(objectAt(volume, 'projected'), 'sources')].flatMap((source) => [
    ...taken('Secret', objectAt(source, 'secret'), by),
    ...taken('ConfigMap', objectAt(source, 'configMap'), by),
  ])
}

function taken(kind: TakenObject['kind'], from: JsonObject, by: Taker): TakenObject[] {
  // A volume's Secret goes by `secretName`; everything else that takes one says `name`.
  const name = textAt(from, 'secretName') ?? textAt(from, 'name')
  return name === undefined ? [] : [{ kind, name, keys: keysOf(from), by }]
}

function keysOf(from: JsonObject): readonly string[] | null {
  const key = textAt(from, 'key')
  if (key !== undefined) return [key]
  const items = objectsAt(from, 'items')
  return items.length === 0 ? null : items.map((item) => textAt(item, 'key') ?? '')
}
