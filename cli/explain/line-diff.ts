export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed'
  readonly text: string
}

/** The lines of both texts in order, each said to be in both or in one; as few as possible in one only. */
export function diffLines(before: string, after: string): DiffLine[] {
  const left = before.split('\n')
  const right = after.split('\n')
  const common = commonLengths(left, right)
  const lines: DiffLine[] = []
  let [from, to] = [0, 0]
  while (from < left.length || to < right.length) {
    if (from < left.length && left[from] === right[to]) {
      lines.push({ kind: 'same', text: left[from] ?? '' })
      from += 1
      to += 1
    } else if (
      to < right.length &&
      (from === left.length || lengthAt(common, from, to + 1) > lengthAt(common, from + 1, to))
    ) {
      lines.push({ kind: 'added', text: right[to] ?? '' })
      to += 1
    } else {
      lines.push({ kind: 'removed', text: left[from] ?? '' })
      from += 1
    }
  }
  return lines
}

/** Runs of changed lines with `context` same lines around them; what lies between is left out, and its place marked. */
export function hunks(lines: readonly DiffLine[], context: number): DiffLine[][] {
  const isNear = lines.map((_, at) => lines.slice(Math.max(0, at - context), at + context + 1).some(isChange))
  const found: DiffLine[][] = []
  for (const [at, line] of lines.entries()) {
    if (isNear[at] !== true) continue
    if (isNear[at - 1] !== true) found.push([])
    found.at(-1)?.push(line)
  }
  return found
}

function isChange({ kind }: DiffLine): boolean {
  return kind !== 'same'
}

/** For each pair of places, how many lines the rests have in common. */
function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1))
  for (let from = left.length - 1; from >= 0; from -= 1) {
    const row = table[from] as Uint32Array
    for (let to = right.length - 1; to >= 0; to -= 1) {
      row[to] =
        left[from] === right[to]
          ? lengthAt(table, from + 1, to + 1) + 1
          : Math.max(lengthAt(table, from + 1, to), lengthAt(table, from, to + 1))
    }
  }
  return table
}

function lengthAt(table: readonly Uint32Array[], from: number, to: number): number {
  return table[from]?.[to] ?? 0
}
