/** What a suffix of Kubernetes multiplies by. */
const FACTORS: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
}
const QUANTITY = /^(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/
const MILLI = 1_000

/** In thousandths, rounded up as the API server does; undefined when it is no quantity, or not a positive one. */
export function milliOf(quantity: unknown): number | undefined {
  const [, digits, suffix = '', exponent = '0'] = QUANTITY.exec(String(quantity)) ?? []
  const factor = FACTORS[suffix]
  if (digits === undefined || factor === undefined) return undefined
  return Math.ceil(Number(digits) * factor * 10 ** Number(exponent) * MILLI)
}

/** As the API server writes it, so that what it stored compares equal: with the largest suffix that leaves a whole number. */
export function quantityOf(milli: number): string {
  if (milli % MILLI !== 0) return `${milli}m`
  const whole = milli / MILLI
  const isBinary = whole !== 0 && whole % 1024 === 0
  const step = isBinary ? 1024 : 1000
  const suffixes = isBinary ? ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] : ['k', 'M', 'G', 'T', 'P', 'E']
  let rest = whole
  let suffix = ''
  for (const larger of suffixes) {
    if (rest === 0 || rest % step !== 0) break
    rest /= step
    suffix = larger
  }
  return `${rest}${suffix}`
}
