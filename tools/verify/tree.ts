import { spawnSync } from 'node:child_process'

/** What differs from the last commit, one path a line; empty when nothing; undefined outside a git clone. */
export function treeChanges(): string | undefined {
  const result = spawnSync('git', ['status', '--porcelain'], { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trimEnd() : undefined
}
