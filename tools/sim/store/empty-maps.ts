/** Empties them all. Returns what puts back, in place, what each held. */
export function emptyMaps(maps: readonly Map<unknown, unknown>[]): () => void {
  const held = maps.map((map) => [...map])
  for (const map of maps) map.clear()
  return () => {
    for (const [at, map] of maps.entries()) {
      map.clear()
      for (const [key, value] of held[at] ?? []) map.set(key, value)
    }
  }
}
