import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import type { Policy } from '../../policy/policy.ts'
import { formatPolicyProblem, parsePolicies } from '../../policy/policy-file.ts'
import type { Log } from '../../runtime/log.ts'
import { oncePerTurn } from '../../runtime/turn.ts'
import type { PolicySource } from '../effects.ts'

/**
 * Policies of one file, read again when the file changed. A file that broke keeps the policies that were good, and says
 * so in the log and in `problem`. Throws when the first reading already fails: without a policy there is no ledger.
 */
export function createPolicyFileSource(path: string, log: Log): PolicySource {
  let stats = statsOf(path)
  const first = read(path)
  if ('problem' in first) throw new Error(`policy: ${first.problem}`)
  let policies = first.policies
  let problem: string | undefined
  // A look is a system call, and with twenty calls at once there are several in a turn.
  const statsNow = oncePerTurn(() => statsOf(path))

  function refresh(): void {
    const now = statsNow()
    if (now?.ino === stats?.ino && now?.mtimeNs === stats?.mtimeNs && now?.size === stats?.size) return
    stats = now
    const next = read(path)
    if ('problem' in next) {
      problem = `policy: ${next.problem}`
      log.error({ file: path, problem: next.problem }, 'the new policy file is not used, the old one stays')
      return
    }
    policies = next.policies
    problem = undefined
    log.info({ file: path, policies: policies.map(({ name }) => name) }, 'policies read again')
  }

  return {
    all() {
      refresh()
      return policies
    },
    named(name) {
      refresh()
      return policies.find((policy) => policy.name === name)
    },
    problem() {
      refresh()
      return problem
    },
  }
}

function read(path: string): { readonly policies: readonly Policy[] } | { readonly problem: string } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (fault) {
    return { problem: `${path} cannot be read (${(fault as NodeJS.ErrnoException).code}): name a file with --policy` }
  }
  const result = parsePolicies(text, path)
  return 'problems' in result ? { problem: result.problems.map(formatPolicyProblem).join('; ') } : result
}

/** Changes when the file does: rewritten in place, or replaced as a ConfigMap's link is. */
function statsOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
