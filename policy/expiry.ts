const MS_PER_UNIT = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const MIN_EXPIRY_MS = MS_PER_UNIT.m
const MAX_EXPIRY_MS = 366 * MS_PER_UNIT.d

/** Reads `90s`, `45m`, `24h`, `7d` as milliseconds. Undefined when the text is anything else, below 1 minute or above 366 days. */
export function parseExpiry(text: string): number | undefined {
  const [, count, unit] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  const ms = Number(count) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT]
  return ms >= MIN_EXPIRY_MS && ms <= MAX_EXPIRY_MS ? ms : undefined
}
