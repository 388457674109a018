import { KubeFault } from '../kube/api.ts'
import { type KubeDoors, mirror } from '../kube/mirror.ts'
import type { KubeObject } from '../kube/objects.ts'

const KINDS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const

interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[]
}

export interface CaBundles {
  /** Resolves when every webhook of ours trusts these authorities. */
  announce(bundlePem: string): Promise<void>
  stop(): void
}

/** Keeps the `caBundle` of the webhooks in the configurations of this name; one that somebody emptied is put back. */
export function keepCaBundles(doors: KubeDoors, configurationName: string): CaBundles {
  const { kube, log } = doors
  let wanted: string | undefined
  const path = (kind: string) => `/apis/admissionregistration.k8s.io/v1/${kind}`

  async function put(kind: string): Promise<void> {
    if (wanted === undefined) return
    const at = `${path(kind)}/${configurationName}`
    const found = await kube.get<WebhookConfiguration>(at)
    const caBundle = Buffer.from(wanted).toString('base64')
    const operations = (found?.webhooks ?? []).flatMap(({ name, clientConfig }, index) =>
      clientConfig.caBundle === caBundle
        ? []
        : [
            // The list may have been written anew since it was read: then the test fails and the next change is looked at.
            { op: 'test', path: `/webhooks/${index}/name`, value: name },
            { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
          ],
    )
    if (operations.length > 0) await kube.patch(at, operations)
  }

  const mirrors = KINDS.map((kind) =>
    mirror<WebhookConfiguration, true>(doors, {
      path: `${path(kind)}?fieldSelector=metadata.name%3D${configurationName}`,
      pick: () => true,
      onChange: () => {
        put(kind).catch((fault) => log.error({ err: fault, kind }, 'a caBundle was not put back'))
      },
    }),
  )
  return {
    async announce(bundlePem) {
      wanted = bundlePem
      for (const kind of KINDS) {
        await put(kind).catch((fault) => {
          if (!(fault instanceof KubeFault)) throw fault
          throw new Error(`${kind}/${configurationName}: ${fault.message}`, { cause: fault })
        })
      }
    },
    stop() {
      for (const kept of mirrors) kept.stop()
    },
  }
}
