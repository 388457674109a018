import { type Refusal, refusal } from './refusals.ts'

const LEAVE_OUT = 'leave it out: no id or word may hold it'

/** What of a path can be read in two ways, the first that is found counts, and what to write instead. */
const READINGS: readonly (readonly [found: RegExp, advice: string | ((found: string) => string)])[] = [
  [/^[^/]|^$/, 'begin it with a slash'],
  [/%(?![0-9a-f]{2})/i, 'write a percent sign only before two hexadecimal digits'],
  [/[\x00-\x20\x7f]|%(?:[01][0-9a-f]|7f)/i, 'leave control characters out'],
  [/\/\//, 'write one slash'],
  [/\/(?:\.|%2e){1,2}(?=\/|$)/i, 'write the path that is meant, without a dot segment'],
  [/%2e/i, 'write `.`'],
  [/%2f|%5c|\\/i, LEAVE_OUT],
  [/[;?#]|%(?:3b|3f|23)/i, LEAVE_OUT],
  [/%25/, LEAVE_OUT],
  [/%(?:2d|3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9ae])/i, (found) => `write \`${decodeURIComponent(found)}\``],
  [/\*/, 'write `%2A`'],
  // As it came over the wire, so that its bytes stand for other characters than they seem to.
  [/[^\x00-\x7f]/, 'write what is no ASCII percent-encoded, in UTF-8'],
  [/[^A-Za-z0-9\-._~!$&'()+,=:@/%]/, (found) => `write \`${encodeURIComponent(found)}\``],
  [/\.(?=\/|$)/, 'end no segment with a dot'],
]

/** A path that could be read in two ways; the message names what it is that could. */
export function pathAmbiguous(path: string): Refusal {
  for (const [reading, advice] of READINGS) {
    const found = reading.exec(path)?.[0]
    if (found !== undefined) {
      return refusal('path_ambiguous', `The path holds ${shown(found)}: ${said(advice, found)}.`)
    }
  }
  return refusal('path_ambiguous', 'The path holds an encoding that is not UTF-8: write its characters in UTF-8.')
}

function said(advice: string | ((found: string) => string), found: string): string {
  return typeof advice === 'string' ? advice : advice(found)
}

/** Nothing that a terminal would obey. */
function shown(found: string): string {
  return /^[\x21-\x7e]+$/.test(found) ? `\`${found}\`` : 'a character that is not plain'
}
