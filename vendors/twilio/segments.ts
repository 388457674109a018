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

/**
 * Smart Encoding makes GSM-7 of a text by other characters that look alike, most of them one unit, some an escape and its
 * character; of these it makes three: https://www.twilio.com/docs/messaging/services/smart-encoding-char-list. So a text of
 * them alone takes more segments than as UCS-2.
 */
const GROWING = /[\u00bc-\u00be\u2025\u2026]/

/** The most segments that a message may be billed as whose text Twilio may write anew by Smart Encoding. */
export function mostSegmentsOf(body: string): number {
  const units = [...body].map((char) => GSM_UNITS.get(char) ?? (GROWING.test(char) ? 3 : 2))
  return Math.max(segmentsOf(body), packed(units, GSM_LIMITS))
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
