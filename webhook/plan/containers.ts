import {
  CREDENTIAL_MOUNT_PATH,
  CREDENTIAL_VOLUME,
  ISSUER_CONTAINER,
  PROXY_CONTAINER,
  TOKEN_AUDIENCE,
  TOKEN_FILE,
  TOKEN_MOUNT_PATH,
  TOKEN_VOLUME,
} from '../../contract/labels.ts'
import { contains, copyOf, type JsonObject, objectsAt } from './json.ts'
import type { Draft } from './outcome.ts'
import { nameOf, POD_PATH, podOf } from './pod.ts'
import type { PlanSettings } from './settings.ts'

/** `args` of the issuer: which of the image's programs runs. */
export const ISSUER_ARGS = ['issuer'] as const
/** `args` of the proxy. */
export const PROXY_ARGS = ['proxy'] as const
/** Environment of both: where the ledger is. */
export const LEDGER_URL_ENV = 'JOBCAP_LEDGER_URL'
/** Environment of both, with TLS only: PEM of the authority that signs for the ledger. */
export const LEDGER_CA_ENV = 'JOBCAP_LEDGER_CA_PEM'
/** Environment of both: glibc keeps freed memory in an arena for each thread; one is enough for one thread that works. */
export const LEAN_MALLOC = { MALLOC_ARENA_MAX: '1' } as const

/** The kubelet renews the token after 80 % of this. */
const TOKEN_LIFETIME_S = 3_600
/** Credential, delivery journal and a few state files. */
const CREDENTIAL_VOLUME_SIZE = '16Mi'
const USER_ID = 65_532

/**
 * Before all others, so that the app's own init containers can already call through the proxy. The proxy first: it starts
 * while the issuer's container is made, and the issuer ends when the proxy works with its credential.
 */
export function addContainers(draft: Draft, settings: PlanSettings): void {
  const pod = podOf(draft.job)
  const ours = [proxy(settings), issuer(settings)]
  if (!putFirst(pod, 'initContainers', ours)) return
  draft.changes.push({
    code: 'containers_added',
    path: `${POD_PATH}.initContainers`,
    sentence: `${PROXY_CONTAINER} relays the Pod's calls, and ${ISSUER_CONTAINER} fetches its credential; both start before the app's own containers.`,
  })
}

export function addVolumes(draft: Draft): void {
  const pod = podOf(draft.job)
  const present = objectsAt(pod, 'volumes')
  const ours = [tokenVolume(), credentialVolume()]
  if (ours.every((volume) => present.some((other) => contains(other, volume)))) return
  const names = ours.map(nameOf)
  pod['volumes'] = [...present.filter((volume) => !names.includes(nameOf(volume))), ...ours]
  draft.changes.push({
    code: 'volumes_added',
    path: `${POD_PATH}.volumes`,
    sentence: 'The Pod token and a memory volume for the credential, mounted in these two containers only.',
  })
}

/** Beside the app's own: an image that cannot be pulled would keep the Pod from starting. */
export function addPullSecrets(draft: Draft, { imagePullSecrets = [] }: PlanSettings): void {
  const pod = podOf(draft.job)
  const present = objectsAt(pod, 'imagePullSecrets')
  const missing = imagePullSecrets.filter((name) => !present.some((secret) => nameOf(secret) === name))
  if (missing.length === 0) return
  pod['imagePullSecrets'] = [...present, ...missing.map((name) => ({ name }))]
  draft.changes.push({
    code: 'pull_secrets_added',
    path: `${POD_PATH}.imagePullSecrets`,
    sentence: `The image of our containers is pulled with ${missing.join(', ')}, which must be in this namespace.`,
  })
}

/** False when they stood there already, with or without what others have added to them since. */
function putFirst(pod: JsonObject, key: string, ours: readonly JsonObject[]): boolean {
  const present = objectsAt(pod, key)
  if (ours.every((container, at) => contains(present[at], container))) return false
  const names = ours.map(nameOf)
  pod[key] = [...ours, ...present.filter((container) => !names.includes(nameOf(container)))]
  return true
}

function proxy(settings: PlanSettings): JsonObject {
  return { name: PROXY_CONTAINER, ...basics(settings), args: [...PROXY_ARGS], restartPolicy: 'Always' }
}

function issuer(settings: PlanSettings): JsonObject {
  return { name: ISSUER_CONTAINER, ...basics(settings), args: [...ISSUER_ARGS] }
}

function basics({ image, imagePullPolicy, ledgerUrl, ledgerCaPem, resources }: PlanSettings): JsonObject {
  return {
    image,
    ...(imagePullPolicy === null ? {} : { imagePullPolicy }),
    env: [
      { name: LEDGER_URL_ENV, value: ledgerUrl },
      ...(ledgerCaPem === null ? [] : [{ name: LEDGER_CA_ENV, value: ledgerCaPem }]),
      ...Object.entries(LEAN_MALLOC).map(([name, value]) => ({ name, value })),
    ],
    resources: copyOf(resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: TOKEN_VOLUME, mountPath: TOKEN_MOUNT_PATH, readOnly: true },
      { name: CREDENTIAL_VOLUME, mountPath: CREDENTIAL_MOUNT_PATH },
    ],
  }
}

function tokenVolume(): JsonObject {
  const serviceAccountToken = { audience: TOKEN_AUDIENCE, expirationSeconds: TOKEN_LIFETIME_S, path: TOKEN_FILE }
  return { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken }] } }
}

function credentialVolume(): JsonObject {
  return { name: CREDENTIAL_VOLUME, emptyDir: { medium: 'Memory', sizeLimit: CREDENTIAL_VOLUME_SIZE } }
}
