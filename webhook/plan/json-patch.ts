import { isObject } from './json.ts'

/** One operation of RFC 6902. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** The operations that make `after` of `before`. Members that are equal are not touched, whatever they are. */
export function diff(before: unknown, after: unknown, path = ''): PatchOperation[] {
  if (isObject(before) && isObject(after)) return diffObjects(before, after, path)
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path)
  return Object.is(before, after) ? [] : [{ op: 'replace', path, value: after }]
}

function diffObjects(before: Record<string, unknown>, after: Record<string, unknown>, path: string): PatchOperation[] {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return [
    ...removed.map((key) => ({ op: 'remove', path: join(path, key) }) as const),
    ...Object.entries(after).flatMap(([key, value]): PatchOperation[] =>
      Object.hasOwn(before, key)
        ? diff(before[key], value, join(path, key))
        : [{ op: 'add', path: join(path, key), value }],
    ),
  ]
}

/** What stands at both ends of both lists is paired; between them the one gives way to the other. */
function diffLists(before: readonly unknown[], after: readonly unknown[], path: string): PatchOperation[] {
  const shorter = Math.min(before.length, after.length)
  let front = 0
  while (front < shorter && isPair(before[front], after[front])) front += 1
  let back = 0
  while (back < shorter - front && isPair(before[before.length - 1 - back], after[after.length - 1 - back])) back += 1

  const operations: PatchOperation[] = []
  for (let at = 0; at < front; at += 1) operations.push(...diff(before[at], after[at], join(path, at)))
  for (let at = before.length - back - 1; at >= front; at -= 1) operations.push({ op: 'remove', path: join(path, at) })
  for (let at = front; at < after.length - back; at += 1) {
    operations.push({ op: 'add', path: join(path, at), value: after[at] })
  }
  for (let at = after.length - back; at < after.length; at += 1) {
    operations.push(...diff(before[before.length - after.length + at], after[at], join(path, at)))
  }
  return operations
}

/** Whether two items are the same thing, changed or not: equal names, else equal content. */
function isPair(left: unknown, right: unknown): boolean {
  if (isObject(left) && isObject(right) && typeof left['name'] === 'string') return left['name'] === right['name']
  return diff(left, right).length === 0
}

/** RFC 6901: `~` and `/` in a name are written `~0` and `~1`. */
function join(path: string, step: string | number): string {
  return `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
