/** A table for people: a header, a rule, rows; numbers to the right. Columns are as wide as their widest cell. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const isNumber = header.map((_, at) => rows.some((row) => isNumeric(row[at])))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (isNumber[at] === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line), ''].join('\n')
}

function isNumeric(cell: string | undefined): boolean {
  return cell !== undefined && /^\$?-?[0-9][0-9.,]*$/.test(cell)
}
