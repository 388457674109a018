/** A text as one cell of a Markdown table: no bar ends the cell, and no `<word>` is taken for HTML. */
export function tableCell(text: string): string {
  const parts = text.replaceAll('|', '\\|').replaceAll('\n', ' ').split('`')
  // Every other part stands between backticks, where HTML is plain text already.
  return parts.map((part, at) => (at % 2 === 0 ? part.replaceAll('<', '&lt;') : part)).join('`')
}
