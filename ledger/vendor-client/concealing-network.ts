import type { Secret } from '../effects.ts'
import type { AnswerHeaders, AnswerSink, VendorNetwork, VendorRequest } from './network.ts'

/** Bytes. What is shorter is no secret, and to take it out would spoil answers that hold it by chance. */
const SHORTEST_SECRET = 8

/**
 * The same network, whose answers do not hold our secret: some vendors repeat the key that they were given in an error
 * or a redirect. Each of its bytes becomes `*`, so that lengths stay. Found: the secret as it is, in Base64, and what HTTP
 * Basic makes of it, each percent-encoded too. Not found: any other encoding, or a compressed body, for which we do not ask.
 */
export function concealing(network: VendorNetwork, secret: Secret): VendorNetwork {
  const text = secret.reveal()
  if (Buffer.byteLength(text) < SHORTEST_SECRET) return network
  return {
    async send(request, sink) {
      const forms = formsOf(secret, request)
      const body = new ConcealedBody(forms)
      const result = await network.send(request, concealedSink(sink, body, forms.texts))
      const rest = body.rest()
      if (result.kind === 'answered' && rest.length > 0) sink.data(rest)
      return result
    },
    close: () => network.close(),
  }
}

/** A secret as a vendor may repeat it. */
interface Forms {
  readonly authorization: string | undefined
  readonly texts: readonly string[]
  readonly bytes: readonly Buffer[]
}

/** Those of the last call under a secret: its calls all carry it in the same way. */
const known = new WeakMap<Secret, Forms>()

/** As it is, in Base64, and as it went into HTTP Basic beside a user. */
function formsOf(secret: Secret, { headers }: VendorRequest): Forms {
  const { authorization } = headers
  const earlier = known.get(secret)
  if (earlier !== undefined && earlier.authorization === authorization) return earlier
  const text = secret.reveal()
  const pair = /^Basic (\S+)$/.exec(authorization ?? '')?.[1]
  const plain = [text, Buffer.from(text).toString('base64'), ...(pair === undefined ? [] : [pair])]
  const texts = [...new Set(plain.flatMap((form) => [form, encodeURIComponent(form)]))]
  const forms = { authorization, texts, bytes: texts.map((form) => Buffer.from(form)) }
  known.set(secret, forms)
  return forms
}

function concealedSink(sink: AnswerSink, body: ConcealedBody, forms: readonly string[]): AnswerSink {
  return {
    head: (status, headers) => sink.head(status, concealedHeaders(headers, forms)),
    data(chunk) {
      const clean = body.next(chunk)
      return clean.length === 0 || sink.data(clean)
    },
    drained: () => sink.drained(),
  }
}

function concealedHeaders(headers: AnswerHeaders, forms: readonly string[]): AnswerHeaders {
  if (!holdAny(headers, forms)) return headers
  const conceal = (value: string) => forms.reduce((text, form) => text.replaceAll(form, starsFor(form.length)), value)
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(conceal) : value === undefined ? value : conceal(value),
    ]),
  )
}

function holdAny(headers: AnswerHeaders, forms: readonly string[]): boolean {
  for (const name in headers) {
    const value = headers[name]
    const text = Array.isArray(value) ? value.join(',') : (value ?? '')
    for (const form of forms) if (text.includes(form)) return true
  }
  return false
}

/** A body as it comes, part by part; keeps back what may be the beginning of the secret until more is known. */
class ConcealedBody {
  readonly #forms: readonly Buffer[]
  #held: Buffer = Buffer.alloc(0)

  constructor({ bytes }: Forms) {
    this.#forms = bytes
  }

  next(chunk: Uint8Array): Buffer {
    const bytes = this.#withoutSecret(this.#held.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#held, chunk]))
    let held = 0
    for (const form of this.#forms) held = Math.max(held, beginningAtEnd(bytes, form))
    const end = bytes.length - held
    this.#held = Buffer.from(bytes.subarray(end))
    return bytes.subarray(0, end)
  }

  /** The same bytes, or, where they hold the secret, a copy: the part belongs to whoever read it. */
  #withoutSecret(bytes: Buffer): Buffer {
    let clean = bytes
    for (const form of this.#forms) {
      for (let at = clean.indexOf(form); at >= 0; at = clean.indexOf(form, at)) {
        if (clean === bytes) clean = Buffer.from(bytes)
        clean.fill('*', at, at + form.length)
      }
    }
    return clean
  }

  /** Only a beginning came, and nothing after it. */
  rest(): Buffer {
    return this.#held
  }
}

/** How many bytes at the end of `bytes` are the first ones of `form`. */
function beginningAtEnd(bytes: Buffer, form: Buffer): number {
  const first = form[0] ?? 0
  const from = Math.max(0, bytes.length - form.length + 1)
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (bytes.compare(form, 0, bytes.length - at, at) === 0) return bytes.length - at
  }
  return 0
}

function asBuffer(part: Uint8Array): Buffer {
  return Buffer.from(part.buffer, part.byteOffset, part.length)
}

function starsFor(length: number): string {
  return '*'.repeat(length)
}
