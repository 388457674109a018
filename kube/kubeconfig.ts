import { KubeConfig } from '@kubernetes/client-node'

/**
 * The kubeconfig of this file, else as `kubectl` would find it: KUBECONFIG, the one in the home folder, the Pod's
 * service account. Throws where there is no cluster in it, or no such context.
 */
export function readKubeconfig({ file, context }: { readonly file?: string; readonly context?: string }): KubeConfig {
  const config = new KubeConfig()
  if (file === undefined) config.loadFromDefault()
  else config.loadFromFile(file)
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name)
    if (!names.includes(context)) {
      throw new Error(`the kubeconfig has no context "${context}"; it has: ${names.join(', ') || 'none'}`)
    }
    config.setCurrentContext(context)
  }
  if (config.getCurrentCluster()?.server === undefined) {
    throw new Error('no cluster: set KUBECONFIG, or run in a Pod with a service account')
  }
  return config
}
