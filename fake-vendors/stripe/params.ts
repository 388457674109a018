import { amountText, CURRENCIES, minimumCharge } from './currencies.ts'
import type { FormObject, FormValue } from './form.ts'
import { invalid } from './refusal.ts'

/** Stripe's limit on amounts: eight digits. */
const MAX_AMOUNT_MINOR = 99_999_999

const METADATA_MAX = { keys: 50, keyCharacters: 40, valueCharacters: 500 }

/** Reads a route's parameters as Stripe does: every mistake is a 400 that names the parameter. */
export class Params {
  readonly #values: FormObject

  /** Refuses names that are not in `known`. `expand` is known everywhere. */
  constructor(values: FormObject, known: readonly string[]) {
    const unknown = Object.keys(values).find((name) => name !== 'expand' && !known.includes(name))
    if (unknown !== undefined) throw invalid(unknown, `Received unknown parameter: ${unknown}`, 'parameter_unknown')
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw invalid(name, `Invalid string: ${JSON.stringify(value)}`)
    if (value === '') {
      const message = `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`
      throw invalid(name, message, 'parameter_invalid_empty')
    }
    return value
  }

  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw missing(name)
    return value
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const word = words.find((known) => known === value)
    if (word === undefined) throw invalid(name, `Invalid ${name}: must be one of ${words.join(', ')}`)
    return word
  }

  /** In any case: stripe-python before 12 sends `True`. */
  boolean(name: string): boolean {
    const value = this.text(name)
    if (value === undefined || /^false$/i.test(value)) return false
    if (/^true$/i.test(value)) return true
    throw invalid(name, `Invalid boolean: ${value}`)
  }

  /** A whole number of minor units, at least 1. */
  amount(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^-?\d+$/.test(value)) throw invalid(name, `Invalid integer: ${value}`, 'parameter_invalid_integer')
    const amountMinor = Number(value)
    if (amountMinor < 1) {
      throw invalid(name, 'This value must be greater than or equal to 1.', 'parameter_invalid_integer')
    }
    if (amountMinor > MAX_AMOUNT_MINOR) {
      throw invalid(name, 'Amount must be no more than $999,999.99', 'amount_too_large')
    }
    return amountMinor
  }

  requiredAmount(name: string): number {
    const amountMinor = this.amount(name)
    if (amountMinor === undefined) throw missing(name)
    return amountMinor
  }

  /** An amount that a customer is to pay: not below the currency's minimum. */
  chargeAmount(name: string, currency: string): number {
    const amountMinor = this.requiredAmount(name)
    const least = minimumCharge(currency)
    if (amountMinor < least) {
      throw invalid(name, `Amount must be at least ${amountText(least, currency)}`, 'amount_too_small')
    }
    return amountMinor
  }

  currency(): string {
    const given = this.requiredText('currency')
    const currency = given.toLowerCase()
    if (CURRENCIES.includes(currency)) return currency
    const supported = CURRENCIES.join(', ')
    throw invalid('currency', `Invalid currency: ${given}. Stripe currently supports these currencies: ${supported}`)
  }

  texts(name: string): string[] {
    const value = this.#values[name]
    if (value === undefined) return []
    if (!Array.isArray(value)) throw invalid(name, 'Invalid array')
    return value.map((item) => {
      if (typeof item !== 'string') throw invalid(name, 'Invalid string')
      return item
    })
  }

  object(name: string): FormObject {
    const value = this.#values[name] ?? {}
    if (typeof value !== 'object' || Array.isArray(value)) throw invalid(name, 'Invalid object')
    return value
  }

  /** A list of objects: `items[0][price]=…`. */
  objects(name: string): FormObject[] {
    const value = this.#values[name] ?? []
    if (!Array.isArray(value)) throw invalid(name, 'Invalid array')
    return value.map((item) => {
      if (typeof item !== 'object' || Array.isArray(item)) throw invalid(name, 'Invalid object')
      return item
    })
  }

  metadata(before: Readonly<Record<string, string>> = {}): Record<string, string> {
    const value = this.#values['metadata']
    if (value === undefined) return { ...before }
    // An empty value for all of it, or for one name, unsets.
    if (value === '') return {}
    const merged = { ...before, ...textsOf(metadataObject(value)) }
    const kept = Object.entries(merged).filter(([, text]) => text !== '')
    if (kept.length > METADATA_MAX.keys) throw invalid('metadata', 'Metadata can have up to 50 keys')
    return Object.fromEntries(kept)
  }
}

/** A list's names are 0, 1, 2 …: `metadata[0]=x` is an object all the same. */
function metadataObject(value: FormValue): FormObject {
  if (typeof value === 'string') throw invalid('metadata', 'Invalid object')
  return Array.isArray(value) ? Object.fromEntries(value.entries()) : value
}

function textsOf(object: FormObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object).map(([name, text]) => {
      const param = `metadata[${name}]`
      if (typeof text !== 'string') throw invalid(param, 'Metadata values must be strings')
      if (name.length > METADATA_MAX.keyCharacters)
        throw invalid(param, 'Metadata keys can be up to 40 characters long')
      if (text.length > METADATA_MAX.valueCharacters) {
        throw invalid(param, 'Metadata values can be up to 500 characters long')
      }
      return [name, text]
    }),
  )
}

function missing(name: string) {
  return invalid(name, `Missing required param: ${name}.`, 'parameter_missing')
}
