import { PROXY_PORT } from '../../contract/labels.ts'
import type { Policy, Vendor } from '../../policy/policy.ts'
import { APP_SIDES, appSideOf } from '../../vendors/registry/app.ts'
import { type JsonObject, objectAt, objectsAt, textAt } from './json.ts'
import { type Draft, type Warning, warn } from './outcome.ts'
import { type AppContainer, appContainers, isNativeSidecar, nameOf } from './pod.ts'
import { vendorOfSecretIn, withoutSecrets } from './secret-texts.ts'

/** What of a policy the app's side depends on. */
export type NamedVendors = Pick<Policy, 'name' | 'vendors'>

/** An HTTP client that heeds one of them sends calls to `http://localhost` through it too. */
const HTTP_PROXY_ENVS: readonly string[] = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** Points the app at the proxy and takes the vendors' secrets out of it. */
export function rewriteEnvironments(draft: Draft, policy: NamedVendors): void {
  for (const app of appContainers(draft.job)) {
    replaceSecrets(draft, policy, app)
    setBaseUrls(draft, policy, app)
    warnOfSecretsLeft(draft.warnings, app)
    warnOfWaysAround(draft.warnings, app)
  }
}

function replaceSecrets(draft: Draft, policy: NamedVendors, app: AppContainer): void {
  const env = app.container['env']
  if (!Array.isArray(env)) return
  for (const entry of objectsAt(app.container, 'env')) {
    const vendor = policy.vendors.find((candidate) => isSecretOf(candidate, entry))
    const literal = vendor === undefined ? literalSecret(entry) : undefined
    const replacement = vendor === undefined ? literal : placeholderFor(vendor, nameOf(entry))
    if (replacement === undefined) {
      warnOfForeignSecret(draft.warnings, policy, { entry, container: app.name })
      continue
    }
    env[env.indexOf(entry)] = { name: nameOf(entry), value: replacement }
    const what = vendor === undefined ? 'a vendor secret in its text' : `the secret of ${vendor.name}`
    draft.changes.push({
      code: 'secret_replaced',
      path: `${app.path}.env[${nameOf(entry)}]`,
      sentence: `${nameOf(entry)} held ${what}; it now holds a placeholder, and the ledger puts in the real one.`,
    })
    if (literal !== undefined) {
      warn(
        draft.warnings,
        'secret_in_manifest',
        `${nameOf(entry)} of container ${app.name} holds a vendor secret in plain text; take it out and change it at the vendor: others have read it.`,
      )
    }
  }
}

/** A reference to a Secret, a ConfigMap or a file under a name that by custom holds this vendor's secret, or to the vendor's very secret. */
function isSecretOf(vendor: Vendor, entry: JsonObject): boolean {
  const secret = objectAt(entry, 'valueFrom', 'secretKeyRef')
  if (textAt(secret, 'name') === vendor.secretRef.name && textAt(secret, 'key') === vendor.secretRef.key) return true
  return isReference(entry) && appSideOf(vendor).secretEnvs.includes(nameOf(entry))
}

function isReference(entry: JsonObject): boolean {
  return ['secretKeyRef', 'configMapKeyRef', 'fileKeyRef'].some(
    (kind) => textAt(objectAt(entry, 'valueFrom', kind), 'key') !== undefined,
  )
}

/** Gives the containers of `job` the placeholders and addresses that those of another of it have, whoever its vendors are by now. */
export function keepEnvironments(of: JsonObject, job: JsonObject): void {
  for (const { container, name } of appContainers(job)) {
    const then = objectsAt(appContainers(of).find((app) => app.name === name)?.container ?? {}, 'env')
    const now = objectsAt(container, 'env').map((entry) => {
      return (isReference(entry) && then.find((old) => nameOf(old) === nameOf(entry) && isPlaceholder(old))) || entry
    })
    const added = then.filter((old) => isAddress(old) && !now.some((entry) => nameOf(entry) === nameOf(old)))
    if (now.length + added.length > 0) container['env'] = [...now, ...added]
  }
}

function isPlaceholder(entry: JsonObject): boolean {
  return Object.values(APP_SIDES).some(({ placeholder, placeholderOf }) =>
    [placeholder, placeholderOf?.(nameOf(entry))].includes(textAt(entry, 'value') ?? ''),
  )
}

function isAddress(entry: JsonObject): boolean {
  return textAt(entry, 'value')?.startsWith(addressOf('')) ?? false
}

function addressOf(vendor: string): string {
  return `http://localhost:${PROXY_PORT}/${vendor}`
}

/** Whether the container has a variable for the secret of one of the policy's vendors, a placeholder too. */
export function asksForSecret(container: JsonObject, { vendors }: Policy): boolean {
  return objectsAt(container, 'env').some((entry) =>
    vendors.some((vendor) => isSecretOf(vendor, entry) || appSideOf(vendor).secretEnvs.includes(nameOf(entry))),
  )
}

function placeholderFor(vendor: Vendor, variable: string): string {
  const { placeholder, placeholderOf } = appSideOf(vendor)
  return placeholderOf?.(variable) ?? placeholder
}

/** The value with its vendor secrets replaced; undefined when there is none in it. */
function literalSecret(entry: JsonObject): string | undefined {
  const value = textAt(entry, 'value')
  if (value === undefined) return undefined
  const cleaned = withoutSecrets(value)
  return cleaned === value ? undefined : cleaned
}

/** Sets a vendor's address where the app can read one and nothing says that it has its own. */
function setBaseUrls(draft: Draft, policy: NamedVendors, { container, path }: AppContainer): void {
  // Which variables an envFrom brings cannot be seen, and `env` would win over them.
  if (objectsAt(container, 'envFrom').length > 0) return
  for (const vendor of policy.vendors) {
    for (const [variable, behind] of Object.entries(appSideOf(vendor).addressEnvs(vendor.name))) {
      if (objectsAt(container, 'env').some((entry) => nameOf(entry) === variable)) continue
      const value = `${addressOf(vendor.name)}${behind}`
      container['env'] = [...objectsAt(container, 'env'), { name: variable, value }]
      draft.changes.push({
        code: 'base_url_set',
        path: `${path}.env[${variable}]`,
        sentence: `${variable} is ${value}.`,
      })
    }
  }
}

function warnOfForeignSecret(
  warnings: Warning[],
  policy: NamedVendors,
  { entry, container }: { readonly entry: JsonObject; readonly container: string },
): void {
  const reference = objectAt(entry, 'valueFrom', 'secretKeyRef')
  if (textAt(reference, 'key') === undefined) return
  // Those of the policy's own vendors were replaced.
  const foreign = Object.entries(APP_SIDES).find(([, { secretEnvs }]) => secretEnvs.includes(nameOf(entry)))
  if (foreign === undefined) return
  warn(
    warnings,
    'vendor_not_in_policy',
    `${nameOf(entry)} of container ${container} looks like a secret of ${foreign[0]}, which policy ${policy.name} does not name; it is left as it is.`,
  )
}

function warnOfSecretsLeft(warnings: Warning[], { container, name }: AppContainer): void {
  for (const source of objectsAt(container, 'envFrom')) {
    const secret = textAt(objectAt(source, 'secretRef'), 'name')
    if (secret === undefined) continue
    warn(
      warnings,
      'env_from_secret',
      `Container ${name} takes all variables of Secret ${secret}; a vendor secret among them would be in the Pod. Name the variables one by one with secretKeyRef.`,
    )
  }
  const words = [container['command'], container['args']].flatMap((list): unknown[] =>
    Array.isArray(list) ? list : [],
  )
  if (words.some((word) => typeof word === 'string' && vendorOfSecretIn(word) !== undefined)) {
    warn(
      warnings,
      'secret_in_command',
      `The command of container ${name} holds a vendor secret; take it out and change it at the vendor.`,
    )
  }
  if (objectsAt(container, 'env').some((entry) => nameOf(entry) === 'PORT' && entry['value'] === String(PROXY_PORT))) {
    warn(
      warnings,
      'port_hinted',
      `PORT is ${PROXY_PORT} in container ${name}; if it listens there, it collides with the proxy.`,
    )
  }
  if (objectAt(container, 'securityContext')['privileged'] === true) {
    warn(warnings, 'privileged_container', `Container ${name} is privileged and can read the credential of the proxy.`)
  }
}

/** What takes the app's calls somewhere else, or makes them again. */
function warnOfWaysAround(warnings: Warning[], { container, name, path }: AppContainer): void {
  const env = objectsAt(container, 'env')
  const proxied = env.find((entry) => HTTP_PROXY_ENVS.includes(nameOf(entry)) && entry['value'] !== '')
  const excepts = env.filter((entry) => nameOf(entry).toUpperCase() === 'NO_PROXY')
  const isExcepted = excepts.some((entry) => /localhost|\*/.test(textAt(entry, 'value') ?? 'localhost'))
  if (proxied !== undefined && !isExcepted) {
    warn(
      warnings,
      'http_proxy_set',
      `${nameOf(proxied)} of container ${name} may take calls to http://localhost:${PROXY_PORT} out of the Pod, where nobody answers them; put localhost into NO_PROXY.`,
    )
  }
  if (isNativeSidecar({ container, path })) {
    warn(
      warnings,
      'sidecar_restarts',
      `Container ${name} is a native sidecar: restarted in place, it would make its paid calls anew. Let it make none, or send Idempotency-Keys that name the intention.`,
    )
  }
}
