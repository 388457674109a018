import type { Language, See } from './case.ts'

/** Each of these members of the value. */
export function value(expected: Readonly<Record<string, unknown>>): See {
  return (told) => {
    if (!told.ok) return `expected ${JSON.stringify(expected)}, the app saw ${told.error.class}: ${told.error.message}`
    const odd = Object.keys(expected).filter(
      (name) => JSON.stringify(told.value[name]) !== JSON.stringify(expected[name]),
    )
    return odd.length === 0
      ? undefined
      : `expected ${JSON.stringify(expected)}, the app saw ${JSON.stringify(told.value)}`
  }
}

/** The very answer that an earlier call got. `step` counts calls from 0. */
export function sameAs(step: number): See {
  return (told, { before }) =>
    told.ok && JSON.stringify(told) === JSON.stringify(before[step])
      ? undefined
      : `expected the answer of call ${step}, ${JSON.stringify(before[step])}; the app saw ${JSON.stringify(told)}`
}

/** An answer with another `id` than an earlier call got. */
export function otherThan(step: number): See {
  return (told, { before }) => {
    const earlier = before[step]
    const isOther = told.ok && earlier?.ok === true && told.value['id'] !== earlier.value['id']
    return isOther ? undefined : `expected another answer than call ${step} got; the app saw ${JSON.stringify(told)}`
  }
}

export interface Raised {
  readonly class: Readonly<Record<Language, string>>
  readonly status?: number
  /** Of our refusal or the vendor's; where a language's SDK hides it, that language is left out. */
  readonly code?: string | Readonly<Partial<Record<Language, string>>>
  /** Words of the message. */
  readonly says?: string
}

/** An exception, as each language's SDK raises it. */
export function raises(expected: Raised): See {
  return (told, { sdk: { language } }) => {
    const wanted = {
      class: expected.class[language],
      status: expected.status,
      code: typeof expected.code === 'string' ? expected.code : expected.code?.[language],
    }
    const text = JSON.stringify({ ...wanted, says: expected.says })
    if (told.ok) return `expected ${text}, the app saw no exception: ${JSON.stringify(told.value)}`
    const { error } = told
    const fits =
      error.class === wanted.class &&
      (wanted.status === undefined || error.status === wanted.status) &&
      (wanted.code === undefined || error.code === wanted.code) &&
      (expected.says === undefined || error.message.includes(expected.says))
    return fits ? undefined : `expected ${text}, the app saw ${JSON.stringify(error)}`
  }
}
