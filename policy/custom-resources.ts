import { checkCapPolicy } from './cap-policy.schema.ts'
import { pathText } from './mistakes.ts'
import { type Policy, readPolicy } from './policy.ts'

/** A `CapPolicy` as the API server gives it. */
export interface CapPolicyObject {
  readonly metadata: { readonly name: string }
  readonly spec: unknown
}

interface Held {
  /** The newest that could be read. */
  readonly policy: Policy | undefined
  /** Why the newest is not in use. */
  readonly problem: string | undefined
}

/** The custom resources of a cluster, read by the same schema as a file. One that broke keeps what was good before, and says so. */
export interface PolicyShelf {
  /** Keeps the shelf as the cluster's list is, for whoever watches that. */
  readonly following: {
    pick(object: CapPolicyObject): true
    onChange(change: { readonly key: string; readonly row: true | undefined }): void
  }
  all(): readonly Policy[]
  named(name: string): Policy | undefined
  /** Of all that broke; undefined when none did. */
  problem(): string | undefined
}

/** `onProblem` is told why an object cannot be used. */
export function createPolicyShelf(onProblem: (problem: string) => void): PolicyShelf {
  const held = new Map<string, Held>()
  return {
    following: {
      pick(object) {
        const problem = put(held, object)
        if (problem !== undefined) onProblem(problem)
        return true
      },
      onChange({ key, row }) {
        if (row === undefined) held.delete(key)
      },
    },
    all: () => [...held.values()].flatMap(({ policy }) => (policy === undefined ? [] : [policy])),
    named: (name) => held.get(name)?.policy,
    problem() {
      const problems = [...held.values()].flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
      return problems.length === 0 ? undefined : problems.join(' ')
    },
  }
}

/** The policy of an object, or why it cannot be used. */
export function readPolicyObject({ metadata: { name }, spec }: CapPolicyObject): Policy | { readonly problem: string } {
  const checked = checkCapPolicy({ apiVersion: 'jobcap.dev/v1alpha1', kind: 'CapPolicy', metadata: { name }, spec })
  if ('policy' in checked) return readPolicy(checked.policy)
  return { problem: checked.issues.map(({ path, message }) => `${pathText(path)}: ${message}`).join('; ') }
}

/** Why the object cannot be used; undefined when it is. */
function put(held: Map<string, Held>, object: CapPolicyObject): string | undefined {
  const { name } = object.metadata
  const read = readPolicyObject(object)
  if (!('problem' in read)) {
    held.set(name, { policy: read, problem: undefined })
    return undefined
  }
  const problem = `${name}: ${read.problem}`
  held.set(name, { policy: held.get(name)?.policy, problem })
  return problem
}
