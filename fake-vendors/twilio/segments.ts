/** Code points of the GSM 7-bit default alphabet beyond printable ASCII, and the ASCII ones that it lacks. */
const BEYOND_ASCII = '£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r'
const NOT_IN_GSM = '`'
const ESCAPED = '^{}\\[~]|€\f'

/** What Twilio bills a text as. https://www.twilio.com/docs/glossary/what-sms-character-limit */
export function countSegments(text: string): { encoding: 'GSM-7' | 'UCS-2'; segments: number } {
  let septets = 0
  const widths: number[] = []
  for (const char of text) {
    const isEscaped = ESCAPED.includes(char)
    const isPlain = (char >= ' ' && char <= '~' && !NOT_IN_GSM.includes(char)) || BEYOND_ASCII.includes(char)
    if (!isEscaped && !isPlain) return { encoding: 'UCS-2', segments: split([...text].map(utf16Units), 70, 67) }
    widths.push(isEscaped ? 2 : 1)
    septets += isEscaped ? 2 : 1
  }
  return { encoding: 'GSM-7', segments: septets <= 160 ? 1 : split(widths, 160, 153) }
}

function split(widths: number[], single: number, each: number): number {
  if (widths.reduce((sum, width) => sum + width, 0) <= single) return 1
  let parts = 0
  for (let at = 0; at < widths.length; parts += 1) {
    for (let room = each; at < widths.length && (widths[at] ?? 0) <= room; at += 1) room -= widths[at] ?? 0
  }
  return parts
}

function utf16Units(char: string): number {
  return char.length
}
