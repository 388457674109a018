import type { AnswerSink, VendorNetwork } from './network.ts'

/** Bytes. A list that is longer goes on as it came. */
const LONGEST_PAGE = 4 * 1024 * 1024
/** Whatever it holds goes into JSON. */
const BASE = /^https?:\/\/[A-Za-z0-9.:[\]-]+(?:\/[a-z0-9-]+)?$/
const ADDRESS = /("(?:first|previous|next)_page_url"\s*:\s*")([^"\\]*)(?=")/g

/**
 * The same network, whose pages name further pages where the app called the vendor, `base`: an SDK asks for them at the
 * address it is given, past us and with no secret. A page is handed on when it is whole.
 */
export function turningPages(network: VendorNetwork, base: string | undefined): VendorNetwork {
  if (base === undefined || !BASE.test(base)) return network
  return {
    async send(request, sink) {
      const page = new Page(sink)
      const result = await network.send(request, page)
      page.end((address) => ours(address, request.origin, base))
      return result
    },
    close: () => network.close(),
  }
}

class Page implements AnswerSink {
  readonly #sink: AnswerSink
  /** Null: the answer is handed on as it comes. */
  #held: Uint8Array[] | null = null
  #bytes = 0

  constructor(sink: AnswerSink) {
    this.#sink = sink
  }

  head: AnswerSink['head'] = (status, headers) => {
    const isJson = String(headers['content-type'] ?? '').startsWith('application/json')
    if (!isJson || headers['content-encoding'] !== undefined) return this.#sink.head(status, headers)
    this.#held = []
    const { 'content-length': _, ...others } = headers
    return this.#sink.head(status, others)
  }

  data: AnswerSink['data'] = (chunk) => {
    if (this.#held === null) return this.#sink.data(chunk)
    // A copy: the part belongs to whoever read it.
    this.#held.push(Buffer.from(chunk))
    this.#bytes += chunk.byteLength
    if (this.#bytes <= LONGEST_PAGE) return true
    const whole = Buffer.concat(this.#held)
    this.#held = null
    return this.#sink.data(whole)
  }

  drained: AnswerSink['drained'] = () => this.#sink.drained()

  end(turn: (address: string) => string): void {
    if (this.#held === null || this.#bytes === 0) return
    const text = Buffer.concat(this.#held).toString('latin1')
    const turned = text.replace(ADDRESS, (_, before: string, address: string) => before + turn(address))
    this.#sink.data(Buffer.from(turned, 'latin1'))
  }
}

/** An address at the vendor as one at us; of any other host as it is. */
function ours(address: string, origin: string, base: string): string {
  return address.startsWith(`${origin}/`) || address.startsWith(`${origin}?`)
    ? base + address.slice(origin.length)
    : address
}
