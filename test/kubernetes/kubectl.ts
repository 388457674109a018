import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clusterPrograms } from '../../tools/cluster/control-plane.ts'

/** What kubectl wrote; rejects with what it said. */
export async function runKubectl(
  kubeconfig: string,
  args: readonly string[],
  stdin?: string,
): Promise<{ readonly out: string; readonly warnings: string }> {
  const running = promisify(execFile)(join(clusterPrograms(), 'kubectl'), [...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    maxBuffer: 64 * 1024 * 1024,
  })
  running.child.stdin?.end(stdin)
  const { stdout, stderr } = await running
  return { out: stdout, warnings: stderr }
}
