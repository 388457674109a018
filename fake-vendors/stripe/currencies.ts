/**
 * Currencies that Stripe takes, and the least that a payment may be, in minor units.
 * Source: https://docs.stripe.com/currencies, minimum charge amounts. Where no minimum is listed: 1.
 */
const MINIMUM_CHARGES: Readonly<Record<string, number>> = {
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
  usd: 50,
}

const OTHER_CURRENCIES =
  'afn all amd ang aoa ars awg azn bam bbd bdt bhd bif bmd bnd bob bsd bwp byn bzd cdf clp cny cop crc cve djf dop dzd egp etb fjd fkp gel gip gmd gnf gtq gyd hnl htg idr ils isk jmd jod kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mzn nad ngn nio npr omr pab pen pgk php pkr pyg qar rsd rub rwf sar sbd scr shp sle sos srd std szl tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw'

export const CURRENCIES: readonly string[] = [...Object.keys(MINIMUM_CHARGES), ...OTHER_CURRENCIES.split(' ')].sort()

const ZERO_DECIMALS = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const THREE_DECIMALS = 'bhd jod kwd omr tnd'.split(' ')

export function minimumCharge(currency: string): number {
  return MINIMUM_CHARGES[currency] ?? 1
}

/** `$0.50 usd`, `¥50 jpy`: an amount as Stripe's messages write it. */
export function amountText(amountMinor: number, currency: string): string {
  const decimals = ZERO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2
  const sign = { usd: '$', eur: '€', gbp: '£', jpy: '¥' }[currency] ?? ''
  return `${sign}${(amountMinor / 10 ** decimals).toFixed(decimals)} ${currency}`
}
