/** What could end a line, or is no byte of its own, never gets into a head. */
const UNFIT_NAME = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/
const UNFIT_VALUE = /[^\t\x20-\x7e\x80-\xff]/

export type HeaderFields = Readonly<Record<string, number | string | readonly string[] | undefined>>

/** The fields of a head as HTTP/1.1 writes them, a line each, in Latin-1. Throws at what no head may hold. */
export function headerText(headers: HeaderFields): string {
  let text = ''
  // Looked through as one text each: that is quicker than to ask of each field.
  let names = ''
  let values = ''
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined) continue
    names += name
    for (const one of Array.isArray(value) ? value : [String(value)]) {
      values += one
      text += `${name}: ${one}\r\n`
    }
  }
  if (UNFIT_NAME.test(names) || UNFIT_VALUE.test(values)) throw new TypeError(unfitField(headers))
  return text
}

function unfitField(headers: HeaderFields): string {
  const unfit = Object.entries(headers).find(
    ([name, value]) => UNFIT_NAME.test(name) || [value].flat().some((one) => UNFIT_VALUE.test(String(one))),
  )
  return `the header ${unfit?.[0]} holds what no header may`
}
