import { isConflict } from '../kube/api.ts'
import { type KubeDoors, mirror } from '../kube/mirror.ts'
import type { Secret } from '../kube/objects.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { advance, type Lineage, type Lives } from './lineage.ts'

const FIELD = {
  cert: 'ca.crt',
  key: 'ca.key',
  nextCert: 'next.crt',
  nextKey: 'next.key',
  former: 'former.crt',
} as const

const WRITTEN_AGAIN =
  'the Secret of the authority was gone, and is written again as it was; for a new authority, which no Pod that runs would trust, stop managers and ledgers before it is deleted'

export interface AuthorityOptions extends KubeDoors {
  readonly clock: Clock
  readonly random: Random
  readonly namespace: string
  /** Made by whichever replica is first; all others take what they find. */
  readonly secretName: string
  readonly lives: Lives
}

/** The install's own certificate authority, kept in a Secret that all replicas read. */
export interface Authority {
  /** As it stands, once what was due by now has been written. Rejects when the API server will not give or take the Secret. */
  current(): Promise<Lineage>
  /** Called with each change, also those that other replicas made. */
  onChange(listener: () => void): void
  stop(): void
}

export function keepAuthority(options: AuthorityOptions): Authority {
  const { namespace, secretName } = options
  const listeners: (() => void)[] = []
  const selected = `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3D${secretName}`
  const watched = mirror<Secret, Secret>(options, {
    path: selected,
    pick: (secret) => secret,
    onChange: () => {
      for (const listener of listeners) listener()
    },
  })
  let known: Lineage | undefined
  return {
    async current() {
      known = await settle(options, known)
      return known
    },
    onChange: (listener) => void listeners.push(listener),
    stop: () => watched.stop(),
  }
}

/**
 * Reads the Secret and writes what is due. Whoever loses a race takes what the winner wrote. A Secret that is gone is written
 * again from `known`, what this process read last: Pods that run trust that authority and can be told of no other.
 */
async function settle(options: AuthorityOptions, known: Lineage | undefined): Promise<Lineage> {
  const { kube, clock, random, log, namespace, secretName, lives } = options
  const path = `/api/v1/namespaces/${namespace}/secrets`
  for (;;) {
    const found = await kube.get<Secret>(`${path}/${secretName}`)
    const before = found === undefined ? known : lineageOf(found)
    const due = await advance(before, { random, nowMs: clock.nowMs() }, lives)
    if (found !== undefined && due === before) return due
    const secret = secretOf(due, { namespace, name: secretName })
    try {
      await (found === undefined
        ? kube.create(path, secret)
        : kube.replace(`${path}/${secretName}`, {
            ...secret,
            metadata: { ...secret.metadata, resourceVersion: found.metadata.resourceVersion },
          }))
      if (found === undefined && known !== undefined) log.warn({ secretName }, WRITTEN_AGAIN)
      return due
    } catch (fault) {
      if (!isConflict(fault)) throw fault
    }
  }
}

function secretOf({ signing, next, former }: Lineage, metadata: { readonly namespace: string; readonly name: string }) {
  const stringData = {
    [FIELD.cert]: signing.certPem,
    [FIELD.key]: signing.keyPem,
    ...(next === null ? {} : { [FIELD.nextCert]: next.certPem, [FIELD.nextKey]: next.keyPem }),
    [FIELD.former]: former.join(''),
  }
  return { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, stringData }
}

/** Throws when somebody has put something else there. */
function lineageOf({ data = {}, metadata }: Secret): Lineage {
  const text = (field: string) => Buffer.from(data[field] ?? '', 'base64').toString('utf8')
  const pair = (cert: string, key: string) => {
    const found = { certPem: text(cert), keyPem: text(key) }
    if (found.certPem === '' || found.keyPem === '') {
      throw new Error(`Secret ${metadata.name} has no ${cert} and ${key}: delete it, and a new authority is made`)
    }
    return found
  }
  return {
    signing: pair(FIELD.cert, FIELD.key),
    next: data[FIELD.nextCert] === undefined ? null : pair(FIELD.nextCert, FIELD.nextKey),
    former: certificatesIn(text(FIELD.former)),
  }
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
}
