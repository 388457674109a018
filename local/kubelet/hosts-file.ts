import type { PodSpec } from '../manifest/objects.ts'

/** /etc/hosts as the kubelet writes it: the Pod's own names, then `hostAliases`. */
export function hostsFile(hostName: string, aliases: PodSpec['hostAliases'] = []): string {
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    `127.0.0.1\t${hostName}`,
  ]
  if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.')
  for (const { ip, hostnames = [] } of aliases) lines.push([ip, ...hostnames].join('\t'))
  return `${lines.join('\n')}\n`
}
