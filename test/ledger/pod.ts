import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CallClaims, CallIdentity, Ord, SeenFact } from '../../contract/call.ts'
import { decodeNote, encodeClaims } from '../../contract/claims-header.ts'
import type { ExchangeAnswer, ExchangePurpose } from '../../contract/exchange.ts'
import { asJobUid, asPodUid } from '../../contract/ids.ts'
import { TERMS_ANNOTATION, TOKEN_AUDIENCE } from '../../contract/labels.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { LocalPodToken, TermsAsked, WorkloadFacts } from '../../contract/workload.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { ask, type Told } from './call.ts'
import type { LedgerProcess, Rig } from './rig.ts'

/** What is unusual about a Pod; the rest is that of index 0 of an Indexed Job `nightly`. */
export interface PodShape {
  readonly job?: string
  readonly pod?: string
  readonly index?: number
  readonly terms?: Partial<TermsAsked>
  readonly token?: Partial<LocalPodToken>
  readonly facts?: Partial<WorkloadFacts>
}

/** What a sidecar says that is not as it is. */
export type OddClaims = Partial<Omit<CallClaims, 'identity'>> & { readonly identity?: Partial<CallIdentity> }

/** A signed Pod token, as the runner gives it to a Pod. */
export function podToken(rig: Rig, shape: PodShape = {}): string {
  const { job = 'nightly', pod = `${job}-0-a`, index = 0 } = shape
  const terms: TermsAsked = { policy: 'default', ...shape.terms }
  const facts: WorkloadFacts = {
    namespace: 'billing',
    namespaceLabels: { team: 'billing' },
    pod: {
      name: pod,
      uid: asPodUid(`uid-${pod}`),
      index,
      isEnding: false,
      templateAnnotations: { [TERMS_ANNOTATION]: JSON.stringify(terms) },
    },
    job: {
      name: job,
      uid: asJobUid(`uid-${job}`),
      labels: {},
      completionMode: 'Indexed',
      completions: 40,
      isEnded: false,
    },
    ...shape.facts,
  }
  const token = { audience: TOKEN_AUDIENCE, expiresAtMs: Date.now() + 600_000, facts, ...shape.token }
  return signPodToken(token, Buffer.from(readFileSync(join(rig.folder, 'state/pod-token-key'), 'utf8').trim(), 'hex'))
}

export function exchange(address: string, token: string, purpose: ExchangePurpose = 'issue'): Promise<Told> {
  return ask(address, { path: '/vault/keys/exchange', key: token, body: JSON.stringify({ purpose }) })
}

/** The smallest sidecar that can be: one call at a time, and all that was answered counts as seen. */
export class TestPod {
  readonly granted: ExchangeAnswer
  readonly #address: string
  readonly #seen: SeenFact[] = []
  #seq = 0

  constructor(address: string, granted: ExchangeAnswer) {
    this.#address = address
    this.granted = granted
  }

  static async start(rig: Rig, ledger: Pick<LedgerProcess, 'address'>, shape: PodShape = {}): Promise<TestPod> {
    const told = await exchange(ledger.address, podToken(rig, shape))
    if (told.status !== 200) throw new Error(`the exchange was refused: ${told.text}`)
    return new TestPod(ledger.address, JSON.parse(told.text))
  }

  /** The same Pod at a ledger that was started again. */
  at(address: string): TestPod {
    return new TestPod(address, this.granted)
  }

  pay(customer: string, cents = 100, more: OddClaims = {}): Promise<Told> {
    return this.call(
      { path: '/stripe/v1/payment_intents', body: `amount=${cents}&currency=usd&customer=${customer}` },
      more,
    )
  }

  lookUp(street: string): Promise<Told> {
    return this.call({ path: '/geocode/v1/lookup', body: JSON.stringify({ address: street }) })
  }

  async call(
    { method = 'POST', path, body }: { readonly method?: string; readonly path: string; readonly body: string },
    more: OddClaims = {},
    signal?: AbortSignal,
  ): Promise<Told> {
    const [, vendor = ''] = path.split('/', 2)
    const vendorPath = path.slice(vendor.length + 1)
    const contentType = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded'
    const headers: Record<string, string> = body === '' ? {} : { 'content-type': contentType }
    const text = { method, path: vendorPath, query: '', headers, body: Buffer.from(body) }
    const told = this.#claims(vendor, text)
    const claims = { ...told, ...more, identity: { ...told.identity, ...more.identity } }
    const answer = await ask(this.#address, {
      method,
      path,
      key: this.granted.credential,
      headers: { ...headers, 'jobcap-claims': encodeClaims(claims) },
      body,
      ...(signal === undefined ? {} : { signal }),
    })
    const note = decodeNote(String(answer.headers['jobcap-note']))
    if (note?.definite && note.n !== undefined) {
      this.#seen.push({ life: claims.life, digest: claims.identity.digest, n: note.n, token: null })
    }
    return answer
  }

  /** What a sidecar says that was started again and has lost its file of deliveries. */
  afterRestart(): Partial<CallClaims> {
    return { ord: { boot: 2, seq: 1 }, seen: [], delivery: { intactSinceBoot: null, delivering: [] } }
  }

  nextOrd(): Ord {
    this.#seq += 1
    return { boot: 1, seq: this.#seq }
  }

  #claims(vendor: string, text: CallText): CallClaims {
    const { historyId, life, sidecar } = this.granted
    const terms = sidecar.vendors.find(({ name }) => name === vendor)
    if (terms === undefined) throw new Error(`the policy names no vendor ${vendor}`)
    const identity = recogniserOf(terms.type)(text, terms, sidecar.appKeys)
    if ('code' in identity) throw new Error(`the test's call is refused: ${identity.message}`)
    return {
      historyId,
      identity,
      life,
      ord: this.nextOrd(),
      seen: [...this.#seen],
      delivery: { intactSinceBoot: 1, delivering: [] },
      saysDiverged: false,
      open: [],
    }
  }
}
