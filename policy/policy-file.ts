import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseAllDocuments } from 'yaml'
import { checkCapPolicy, type SchemaIssue } from './cap-policy.schema.ts'
import { pathText } from './mistakes.ts'
import { type Policy, readPolicy } from './policy.ts'

/** What is wrong with a policy file, and where. `line` and `column` count from 1. */
export interface PolicyProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `spec.caps.perDayUsd`; empty for the document as a whole. */
  readonly path: string
  readonly message: string
}

export type PolicyFileResult =
  | { readonly policies: readonly Policy[] }
  | { readonly problems: readonly PolicyProblem[] }

/** Reads one or more CapPolicy documents. All of them are right, or none is used. */
export function parsePolicies(yamlText: string, file: string): PolicyFileResult {
  const lines = new LineCounter()
  const parsed = parseAllDocuments(yamlText, { lineCounter: lines, prettyErrors: false, merge: false })
  const documents = Array.isArray(parsed) ? parsed.filter(({ contents }) => contents !== null) : []
  const problems: PolicyProblem[] = []
  const policies = new Map<string, Policy>()
  const report = (offset: number, path: SchemaIssue['path'], message: string) => {
    const { line, col } = lines.linePos(offset)
    problems.push({ file, line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), message })
  }

  for (const { errors } of Array.isArray(parsed) ? parsed : []) {
    // Those after the first follow from it, one for each word that is left.
    for (const error of errors.slice(0, 1)) report(error.pos[0], [], error.message)
  }
  if (problems.length > 0) return { problems }
  if (documents.length === 0) report(0, [], 'there is no policy in this file')

  for (const document of documents) {
    const value = plainValue(document)
    if ('fault' in value) {
      report(startOf(document), [], value.fault)
      continue
    }
    const checked = checkCapPolicy(value.plain)
    if ('issues' in checked) {
      for (const issue of checked.issues) report(offsetOf(document, issue), issue.path, issue.message)
      continue
    }
    const policy = readPolicy(checked.policy)
    const nameIssue = { path: ['metadata', 'name'], isUnknownField: false, message: '' }
    if (policies.has(policy.name)) {
      report(offsetOf(document, nameIssue), nameIssue.path, `two policies are named \`${policy.name}\``)
    }
    policies.set(policy.name, policy)
  }
  return problems.length > 0 ? { problems } : { policies: [...policies.values()] }
}

/** `file:line:column: path: message`, as compilers print it. */
export function formatPolicyProblem({ file, line, column, path, message }: PolicyProblem): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
}

function plainValue(document: Document.Parsed): { plain: unknown } | { fault: string } {
  try {
    return { plain: document.toJS() }
  } catch (error) {
    // Aliases that name no anchor, or that would expand without end.
    return { fault: error instanceof Error ? error.message : String(error) }
  }
}

function startOf(document: Document.Parsed): number {
  return document.contents?.range[0] ?? document.range[0]
}

/** Of an unknown field its name, else the value, else what is nearest to where it should have been. */
function offsetOf(document: Document.Parsed, { path, isUnknownField }: SchemaIssue): number {
  if (isUnknownField) {
    const owner = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    const pair = isMap(owner)
      ? owner.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1))
      : undefined
    if (isPair(pair) && isScalar(pair.key) && pair.key.range) return pair.key.range[0]
  }
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return startOf(document)
}
