/**
 * Parses JSON and keeps every number as the text it was written with, so that `5.10` and `0.1` are read as decimal
 * dollars and never pass through a float. Undefined when it is not JSON.
 */
export function parseJsonNumbersAsText(text: string): unknown {
  try {
    return JSON.parse(text, keepNumberText as (this: unknown, key: string, value: unknown) => unknown)
  } catch {
    return undefined
  }
}

/** The third argument of a reviver is ECMAScript's "JSON.parse source text access". */
function keepNumberText(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context.source ?? value) : value
}
