import { readFileSync, statSync } from 'node:fs'
import type { Policy } from '../policy/policy.ts'
import { formatPolicyProblem, parsePolicies } from '../policy/policy-file.ts'
import { BadInput } from './faults.ts'

export interface SourceFile {
  /** As it is named in messages. */
  readonly name: string
  readonly text: string
}

const STANDARD_INPUT = 0

/** `-` reads standard input. Throws `BadInput` when the file cannot be read. */
export function readSource(name: string): SourceFile {
  try {
    if (name === '-') return { name: 'standard input', text: readFileSync(STANDARD_INPUT, 'utf8') }
    return { name, text: readFileSync(name, 'utf8') }
  } catch (fault) {
    throw new BadInput([`${name} ${whyUnreadable(fault as NodeJS.ErrnoException)}`])
  }
}

function whyUnreadable({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'is not there'
    case 'EISDIR':
      return 'is a folder, not a file'
    case 'EACCES':
      return 'may not be read by you'
    default:
      return `cannot be read: ${message}`
  }
}

/** `path`, if it is a folder. Throws `BadInput` when it is not; `option` is the one that named it. */
export function readFolder(option: string, path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new BadInput([`--${option} ${path} is not there`])
  if (!found.isDirectory()) throw new BadInput([`--${option} ${path} is not a folder`])
  return path
}

/** All policies of the files. Throws `BadInput` with each problem's line and column. */
export function readPolicies(files: readonly SourceFile[]): Policy[] {
  const policies: Policy[] = []
  for (const { name, text } of files) {
    const result = parsePolicies(text, name)
    if ('problems' in result) throw new BadInput(result.problems.map(formatPolicyProblem))
    const twice = result.policies.find((policy) => policies.some((other) => other.name === policy.name))
    if (twice !== undefined) throw new BadInput([`${name}: two policies are named \`${twice.name}\``])
    policies.push(...result.policies)
  }
  return policies
}

/** The token of an operator, as a ledger keeps it in the file `operator-token`. */
export function readToken(file: string): string {
  const token = readSource(file).text.trim()
  if (!/^[!-~]+$/.test(token)) throw new BadInput([`${file} does not hold an operator token`])
  return token
}

/** A key of 32 bytes, as a ledger keeps it in the file `pod-token-key`. */
export function readKey(file: string): Uint8Array {
  const hex = readSource(file).text.trim()
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new BadInput([`${file} does not hold a key of 64 hex digits`])
  return Buffer.from(hex, 'hex')
}
