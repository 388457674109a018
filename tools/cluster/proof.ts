// Whether a node can do what tests ask of it: a machine may let all its programs start, and its Pods not run or not reach
// anything.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clusterPrograms } from './control-plane.ts'
import { NodeDidNotStart } from './one-node.ts'

/** A Pod of this name, in `default`; it is gone afterwards unless it failed. */
export const PROOF = 'jobcap-e2e-proof'
const WITHIN = '300s'
/** Through the node's DNS and a Service's address, until something answers; the Pod's deadline ends it otherwise. */
const REACH = `const reach = () => {
  const socket = require('node:net').connect(443, 'kubernetes.default.svc.cluster.local')
  socket.once('connect', () => process.exit(0))
  socket.once('error', (fault) => { console.error(fault.message); setTimeout(reach, 500) })
}
reach()`

/** Rejects with `NodeDidNotStart` unless a Pod of `image`, which holds Node, runs and reaches a Service by name. */
export async function provePodsRun(kubeconfig: string, image: string): Promise<void> {
  const kubectl = (args: readonly string[], stdin?: string) => {
    const running = promisify(execFile)(join(clusterPrograms(), 'kubectl'), [`--kubeconfig=${kubeconfig}`, ...args])
    running.child.stdin?.end(stdin)
    return running
  }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: PROOF, namespace: 'default' },
    spec: {
      restartPolicy: 'OnFailure',
      containers: [{ name: PROOF, image, imagePullPolicy: 'Never', command: ['node', '--eval', REACH] }],
    },
  }
  try {
    await kubectl(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s'])
    await kubectl(['apply', '-f', '-'], JSON.stringify(pod))
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${PROOF}`, `--timeout=${WITHIN}`])
  } catch (cause) {
    const said = await kubectl(['describe', 'pod', PROOF]).catch((fault: unknown) => ({ stdout: String(fault) }))
    console.error(said.stdout)
    throw new NodeDidNotStart('a Pod does not run here, or does not reach a Service by its name', { cause })
  }
  await kubectl(['delete', 'pod', PROOF])
}
