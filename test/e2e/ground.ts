import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  cleanGivenCluster,
  type GivenCluster,
  joinGivenCluster,
  startHands,
} from '../../tools/cluster/given-cluster.ts'
import { joinOneNode, type OneNode, startOneNode } from '../../tools/cluster/one-node.ts'
import { PROOF, provePodsRun } from '../../tools/cluster/proof.ts'

/** What the stage stands on: a node of our own, or a cluster that is there already. */
export interface Ground extends OneNode {
  /** Of claims: a class of our own, whose volumes are folders of this machine; else the cluster's default one. */
  readonly storageClass: string
  /** What a claim of `storageClass` needs to be there beside it. */
  volume(name: string): readonly object[]
}

/** All that tests make, and in which they make what they make. */
export const NAMESPACES = [
  ...(['jobcap', 'jobcap-test', 'vendors', 'billing', 'strict', 'bare'] as const),
  ...(['small-jobs', 'left-alone'] as const),
] as const
export type MadeNamespace = (typeof NAMESPACES)[number]
/** Of jobcap's image under the name that an installation is upgraded to. */
export const NEXT_TAG = 'next'
/** Of who may do everything: the tests' own. */
export const OPERATOR_BINDING = 'jobcap-e2e-operator'

const NODE_FOLDER = 'node'
const GIVEN_FILE = 'given.json'
const OWN_STORAGE = 'e2e'
/** The user of the image; a volume of the machine's own folders belongs to whom it says. */
const IMAGE_USER = 65_532

/** One that another process holds in `folder`; to stop it only lets go of it. */
export function joinGround(folder: string): Ground {
  const file = join(folder, GIVEN_FILE)
  if (!existsSync(file)) return onOwnNode(joinOneNode(join(folder, NODE_FOLDER)), folder)
  return onGiven(joinGivenCluster(JSON.parse(readFileSync(file, 'utf8')) as GivenCluster))
}

/** With the images of these archives; `example` names the one of them that holds Node. */
export async function startGround(folder: string, { archives, example, given }: Images): Promise<Ground> {
  const ground = given === undefined ? await startOwn(folder) : await takeGiven(folder, given)
  try {
    for (const archive of archives) await ground.load(archive)
    await provePodsRun(ground.kubeconfig, example)
    if (given !== undefined) await startHands(given.kubeconfig, example)
    return ground
  } catch (fault) {
    await ground.stop()
    throw fault
  }
}

export interface Images {
  /** Archives that the nodes get. */
  readonly archives: readonly string[]
  /** Name of jobcap's own: `localhost/jobcap:0.1.0`. */
  readonly name: string
  /** Name of one with Node and a shell. */
  readonly example: string
  readonly given?: GivenCluster
}

async function startOwn(folder: string): Promise<Ground> {
  return onOwnNode(await startOneNode(join(folder, NODE_FOLDER)), folder)
}

async function takeGiven(folder: string, given: GivenCluster): Promise<Ground> {
  const ours: readonly string[] = NAMESPACES
  writeFileSync(join(folder, GIVEN_FILE), JSON.stringify(given), { mode: 0o600 })
  const stop = () =>
    cleanGivenCluster(given.kubeconfig, [
      ['pod', PROOF, '-n', 'default'],
      ['namespaces', ...ours.filter((name) => name !== 'jobcap')],
      // Its webhooks would otherwise wait for managers that are gone.
      ['mutatingwebhookconfigurations,validatingwebhookconfigurations', 'jobcap'],
      ...[
        'validatingadmissionpolicies',
        'validatingadmissionpolicybindings',
        'clusterroles',
        'clusterrolebindings',
      ].map((kind) => [kind, '-l', 'app.kubernetes.io/instance=jobcap']),
      ['clusterrolebinding', OPERATOR_BINDING],
      ['customresourcedefinition', 'cappolicies.jobcap.dev'],
      ['namespace', 'jobcap'],
    ])
  return { ...onGiven(joinGivenCluster(given)), stop }
}

function onOwnNode(node: OneNode, folder: string): Ground {
  return {
    ...node,
    storageClass: OWN_STORAGE,
    volume(name) {
      const path = join(folder, 'volumes', name)
      mkdirSync(path, { recursive: true })
      chownSync(path, IMAGE_USER, IMAGE_USER)
      const spec = {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: OWN_STORAGE,
        hostPath: { path },
      }
      return [{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec }]
    },
  }
}

function onGiven(node: OneNode): Ground {
  return { ...node, storageClass: '', volume: () => [] }
}
