// A cluster of kind, where Docker answers and kind is there: it is then used as one that is given.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type GivenCluster, UnusableCluster } from './given-cluster.ts'

const NAME = 'jobcap-e2e'

export function canUseKind(): boolean {
  return isWell('docker', 'info') && isWell('kind', 'version')
}

/** Of KUBE_VERSION, which is a full version here, or of kind's own default; its kubeconfig is in `folder`. */
export function startKind(folder: string): GivenCluster {
  const kubeconfig = join(folder, 'kind-kubeconfig')
  const { KUBE_VERSION: version } = process.env
  const image = version === undefined ? [] : ['--image', `kindest/node:v${version}`]
  // One that an earlier run has left.
  endKind()
  const args = ['create', 'cluster', '--name', NAME, '--kubeconfig', kubeconfig, '--wait', '180s', ...image]
  if (spawnSync('kind', args, { stdio: 'inherit' }).status !== 0) throw new UnusableCluster('kind made no cluster')
  return { kubeconfig, loadCommand: `kind load image-archive --name ${NAME}` }
}

export function endKind(): void {
  spawnSync('kind', ['delete', 'cluster', '--name', NAME], { stdio: 'inherit' })
}

function isWell(program: string, question: string): boolean {
  return spawnSync(program, [question], { stdio: 'ignore', timeout: 20_000 }).status === 0
}
