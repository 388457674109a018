/** GSM 03.38, basic character set, without the escape. https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
/** Its extension: an escape goes before each of these. */
const EXTENSION = '\f^{}\\[~]|€'

const GSM_UNITS: ReadonlyMap<string, number> = new Map([
  ...[...BASIC].map((char): [string, number] => [char, 1]),
  ...[...EXTENSION].map((char): [string, number] => [char, 2]),
])

const GSM_LIMITS = { alone: 160, joined: 153 }
/** UTF-16 units. */
const UCS2_LIMITS = { alone: 70, joined: 67 }

/** How many segments a message is billed as: one character outside GSM-7 switches the whole of it to UCS-2. */
export function segmentsOf(body: string): number {
  const chars = [...body]
  const gsm = chars.map((char) => GSM_UNITS.get(char))
  return gsm.every((units) => units !== undefined)
    ? packed(gsm, GSM_LIMITS)
    : packed(
        chars.map(({ length }) => length),
        UCS2_LIMITS,
      )
}

/** An escape and its character, or the two halves of a surrogate pair, are never torn apart between two segments. */
function packed(units: readonly number[], { alone, joined }: typeof GSM_LIMITS): number {
  if (units.reduce((sum, unit) => sum + unit, 0) <= alone) return 1
  let segments = 1
  let used = 0
  for (const unit of units) {
    if (used + unit > joined) {
      segments += 1
      used = 0
    }
    used += unit
  }
  return segments
}
