/** Of `known` the name that was meant by `name`, misspelt: other letter case, a word cut short, two letters wrong. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase()
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(given, candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)[0]
  return near !== undefined && near.distance <= Math.min(2, given.length / 3) ? near.candidate : undefined
}

/** Letters to change, put in or take out; 1 where one name begins with all of the other. */
function distanceOf(left: string, right: string): number {
  const [short, long] = left.length < right.length ? [left, right] : [right, left]
  if (short !== long && short.length >= 3 && long.startsWith(short)) return 1
  let row = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...left].entries()) {
    const next = [at + 1]
    for (const [column, other] of [...right].entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
