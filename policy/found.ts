const MAX_SHOWN = 40

/** What stands where something else should, in few words: small values as they are, lists and maps by their kind. */
export function foundText(found: unknown): string {
  if (found === null || found === undefined) return 'nothing'
  if (Array.isArray(found)) return `a list of ${found.length}`
  if (typeof found === 'object') return mapText(Object.keys(found))
  if (typeof found === 'number' || typeof found === 'boolean') return String(found)
  return typeof found === 'string' && found.length <= MAX_SHOWN ? JSON.stringify(found) : 'a longer text'
}

/** The same, where the value may be a secret or hold one: its kind alone. */
export function foundKind(found: unknown): string {
  return typeof found === 'string' ? 'a text, not shown since it may be a secret' : foundText(found)
}

function mapText(names: readonly string[]): string {
  if (names.length === 0) return 'an empty map'
  const shown = names.slice(0, 4).map((name) => `\`${name.slice(0, MAX_SHOWN)}\``)
  return `a map of ${shown.join(', ')}${names.length > shown.length ? ' and more' : ''}`
}
