import { readFileSync } from 'node:fs'
import type { Policy } from '../policy/policy.ts'
import { formatPolicyProblem, parsePolicies } from '../policy/policy-file.ts'
import { UsageError, type Values } from './command.ts'

export interface SourceFile {
  /** As it is named in messages. */
  readonly name: string
  readonly text: string
}

const STANDARD_INPUT = 0

/** `-` reads standard input. Throws `UsageError` when the file cannot be read. */
export function readSource(name: string): SourceFile {
  try {
    if (name === '-') return { name: 'standard input', text: readFileSync(STANDARD_INPUT, 'utf8') }
    return { name, text: readFileSync(name, 'utf8') }
  } catch (fault) {
    throw new UsageError(`${name} cannot be read: ${(fault as Error).message}`)
  }
}

/** All policies of the files. Throws `UsageError` with each problem's line and column. */
export function readPolicies(files: readonly SourceFile[]): Policy[] {
  const policies: Policy[] = []
  for (const { name, text } of files) {
    const result = parsePolicies(text, name)
    if ('problems' in result) throw new UsageError(`\n${result.problems.map(formatPolicyProblem).join('\n')}`)
    const twice = result.policies.find((policy) => policies.some((other) => other.name === policy.name))
    if (twice !== undefined) throw new UsageError(`${name}: two policies are named \`${twice.name}\``)
    policies.push(...result.policies)
  }
  return policies
}

/** The values of an option that may be given several times. */
export function list(values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
