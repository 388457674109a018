import type { CallId } from '../../../contract/ids.ts'
import type * as S from '../../../store/store.ts'
import { definite, type Stage, usd } from '../stage.ts'
import type { Going } from './going.ts'
import { keepsKeys, type Setting } from './setting.ts'
import { Breach, type Truth } from './truth.ts'
import { type Options, optionsOf } from './words.ts'
import type { WrittenDown } from './written-down.ts'

/** The send is not, or no longer, its owner's to make. */
export const NOT_SENT = Symbol('not sent')

export interface OwnerOptions {
  readonly stage: Stage
  readonly setting: Setting
  readonly truth: Truth
  readonly written: WrittenDown | undefined
  /** Which calls may still go out after a revocation; undefined before one. */
  readonly spared: () => ReadonlySet<CallId> | undefined
}

/** A ledger process that was told to send a call: marks it, sends it to the vendor, and reports what came of it. */
export class Owner {
  readonly #options: OwnerOptions

  constructor(options: OwnerOptions) {
    this.#options = options
  }

  /** Resolves to what the step comes to; `NOT_SENT` where its mark was refused. */
  async step(
    going: Going,
    ref: S.SendRef,
    [verb = '', ...words]: readonly string[],
  ): Promise<string | typeof NOT_SENT> {
    const { stage, written, setting } = this.#options
    const options = optionsOf(words)
    switch (verb) {
      case 'marks':
        return this.#marks(ref)
      case 'executes':
        await this.#executes(going, ref, options)
        return ''
      case 'settles':
        return this.#settles(going, ref, options)
      case 'declined':
        this.#keepsKey(going)
        return (await stage.settle(ref, { status: 402, hasEffect: false, totalUsdMicros: usd(0) })).status
      case 'works':
        if (setting.vendor === 'once' && (await stage.mark(ref)) === 'refused') return 'refused'
        await this.#executes(going, ref, options)
        return this.#settles(going, ref, options)
      case 'unsent':
        written?.outcome(ref, UNSENT)
        return (await stage.notSent(ref)).status
      case 'unknown':
        return (await stage.unknown(ref)).status
      case 'found':
        return this.#found(going, ref, words)
      case 'fails':
        this.#keepsKey(going)
        return (await stage.unknown(ref, true)).status
      default:
        throw new Error(`an owner does not do ${verb}`)
    }
  }

  async #marks(ref: S.SendRef): Promise<string | typeof NOT_SENT> {
    const { stage, spared } = this.#options
    if ((await stage.mark(ref)) === 'refused') return NOT_SENT
    checkNotRevoked(await stage.call(ref.callId), spared())
    return 'marked'
  }

  async #executes({ group, usdMicros, vendorKey }: Going, ref: S.SendRef, options: Options): Promise<void> {
    const { stage, setting, truth, written, spared } = this.#options
    if (spared()?.has(ref.callId) === false) {
      throw new Breach('sent after revocation', `${ref.callId} was not named in flight`)
    }
    const sentUsdMicros = options['usd'] === undefined ? usdMicros : usd(Number(options['usd']))
    const key = keepsKeys(setting) ? vendorKey : null
    await written?.intent(ref, setting.limits ?? [])
    truth.arrives({ group, callId: ref.callId, usdMicros: sentUsdMicros }, key, stage.clock.nowMs())
    const { capUsd } = setting
    if (written !== undefined && capUsd !== undefined && truth.usdMicros > usd(capUsd)) {
      throw new Breach('over the cap', `${truth.usdMicros} micro-dollars were really spent`)
    }
  }

  /** The vendor answers without an effect, and will answer so again under the key. */
  #keepsKey({ vendorKey }: Going): void {
    const { stage, setting, truth } = this.#options
    if (keepsKeys(setting)) truth.keeps(vendorKey, stage.clock.nowMs())
  }

  async #settles({ pod, boot, token, usdMicros }: Going, ref: S.SendRef, options: Options): Promise<string> {
    const total = options['total'] === undefined ? usdMicros : usd(Number(options['total']))
    const came = definite({
      status: Number(options['status'] ?? 200),
      totalUsdMicros: total as S.DefiniteAnswer['totalUsdMicros'],
      object: options['object'] ?? null,
      givesBack: options['back'] ?? null,
    })
    const { stage, written } = this.#options
    written?.outcome(ref, { kind: 'definite', answer: came })
    const handTo = pod === undefined ? null : { caller: pod.caller.pod, boot, token }
    const answer = await stage.settle(ref, came, handTo)
    return answer.status === 'settled' && answer.isAlarm ? 'settled with an alarm' : answer.status
  }

  /** A look-up came upon these objects. */
  async #found({ usdMicros }: Going, ref: S.SendRef, [objects = '']: readonly string[]): Promise<string> {
    const totalUsdMicros = usdMicros as S.DefiniteAnswer['totalUsdMicros']
    const found = objects.split(',').map((object) => ({ object, status: 201, totalUsdMicros }))
    return (await this.#options.stage.found(ref, found)).status
  }
}

export function checkNotRevoked({ callId }: S.CallRow, spared: ReadonlySet<CallId> | undefined): void {
  if (spared !== undefined) throw new Breach('sent after revocation', `${callId} may be sent`)
}

const UNSENT: S.SendOutcome = {
  kind: 'not_sent',
  notSent: { refusal: null, sealedAnswer: null, reason: 'refused' },
}
