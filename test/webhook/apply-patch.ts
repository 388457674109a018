import type { PatchOperation } from '../../webhook/plan.ts'

type Holder = Record<string, unknown> | unknown[]

/** Applies RFC 6902 strictly, as the API server does: an `add` needs its parent, `replace` and `remove` their target. */
export function applyPatch(before: unknown, operations: readonly PatchOperation[]): unknown {
  const root = { document: structuredClone(before) }
  for (const operation of operations) applyOne(root, operation)
  return root.document
}

function applyOne(root: { document: unknown }, operation: PatchOperation): void {
  const steps = operation.path.split('/').slice(1)
  const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const parents: readonly string[] = ['document', ...names]
  const holder = parents.slice(0, -1).reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      throw new Error(`no ${operation.path}`)
    return (value as Record<string, unknown>)[name]
  }, root) as Holder
  const name = parents.at(-1) ?? ''
  if (Array.isArray(holder)) applyToList(holder, name, operation)
  else applyToObject(holder, name, operation)
}

function applyToList(list: unknown[], name: string, operation: PatchOperation): void {
  const at = name === '-' ? list.length : Number(name)
  const last = operation.op === 'add' ? list.length : list.length - 1
  if (!Number.isInteger(at) || at < 0 || at > last) throw new Error(`no ${operation.path}`)
  if (operation.op === 'remove') list.splice(at, 1)
  else list.splice(at, operation.op === 'add' ? 0 : 1, structuredClone(operation.value))
}

function applyToObject(owner: Record<string, unknown>, name: string, operation: PatchOperation): void {
  if (operation.op !== 'add' && !Object.hasOwn(owner, name)) throw new Error(`no ${operation.path}`)
  if (operation.op === 'remove') delete owner[name]
  else owner[name] = structuredClone(operation.value)
}
