import { type Duplex, duplexPair } from 'node:stream'
import { PortForward } from '@kubernetes/client-node'
import type { Timers } from '../runtime/timers.ts'
import { connectWith, type KubeApi } from './api.ts'
import { readKubeconfig } from './kubeconfig.ts'

/** A person at a shell: the kubeconfig at hand, and what its user may do. */
export interface PersonsKube {
  /** Name of the context. */
  readonly context: string
  /** That the context names; `default` where it names none. */
  readonly namespace: string
  readonly kube: KubeApi
  /** Token that the kubeconfig's user is known by, also one that a program prints; undefined with a client certificate. */
  bearer(): Promise<string | undefined>
  /** A connection to a port of a Pod, through the API server. Rejects when it lets nobody through. */
  openPort(pod: { readonly namespace: string; readonly name: string; readonly port: number }): Promise<Duplex>
}

/** A WebSocket, as far as it is used here. */
interface Tunnel {
  onclose: () => void
  close(): void
}

/** By the context named, else by the current one. Throws when there is none. */
export function connectAsPerson(timers: Timers, context?: string): PersonsKube {
  const config = readKubeconfig(context === undefined ? {} : { context })
  return {
    context: config.getCurrentContext(),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    kube: connectWith(config, timers),
    async bearer() {
      const options: { headers?: Record<string, string> } = {}
      await config.applyToHTTPSOptions(options)
      return /^Bearer (.+)$/.exec(options.headers?.['Authorization'] ?? '')?.[1]
    },
    async openPort({ namespace, name, port }) {
      const [ours, theirs] = duplexPair()
      const complaints = duplexPair()
      // The far end says why it cannot reach the port, for example that nothing listens there.
      complaints[1].on('data', (said: Buffer) => ours.destroy(new Error(said.toString('utf8').trim())))
      const socket = (await new PortForward(config)
        .portForward(namespace, name, [port], theirs, complaints[0], theirs)
        .catch((fault: { message?: string }) => {
          throw new Error(`no way through the API server to Pod ${namespace}/${name}: ${fault.message ?? 'refused'}`)
        })) as Tunnel
      socket.onclose = () => theirs.end()
      ours.on('close', () => socket.close())
      return ours
    },
  }
}
