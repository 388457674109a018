/** Of a name all; of a text that an annotation may hold in 256 KiB as much as tells which one is meant. */
const MOST_QUOTED = 63

/** Text that somebody else wrote, as it stands in a sentence of ours: in quotes, on one line, and no more than its beginning. */
export function quoted(text: string): string {
  if (text.length <= MOST_QUOTED) return JSON.stringify(text)
  return `${JSON.stringify(`${text.slice(0, MOST_QUOTED)}…`)} (${text.length} characters)`
}
