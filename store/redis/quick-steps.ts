import type { NumberAnswer, NumberRequest, ReportAnswer, SendReport } from '../store.ts'
import { levelsIn, linesOf, numberAnswer, onRecord, reportAnswer } from './answers.ts'
import type { Reply } from './connection.ts'
import { newCallId } from './layout.ts'
import { OwnCalls } from './own-calls.ts'
import type { Place } from './places.ts'
import { quickNumber, quickReport } from './quick.ts'
import { numberArguments, reportArguments } from './requests.ts'
import { newRowOf, settledRowOf } from './rows.ts'
import { NUMBER } from './scripts/number.ts'
import { QUICK_NUMBER, QUICK_REPORT } from './scripts/quick.ts'
import { REPORT } from './scripts/sending.ts'
import type { Steps } from './steps.ts'

/**
 * The two steps of every call: by the quick scripts where nothing about it is special, else by the whole ones. What a quick
 * script answers is not parsed: its row is known from the request, but for what changes.
 */
export class QuickSteps {
  readonly #steps: Steps
  readonly #own = new OwnCalls()

  constructor(steps: Steps) {
    this.#steps = steps
  }

  async number(request: NumberRequest, place: Place): Promise<NumberAnswer> {
    const { historyId, random } = this.#steps
    const callId = newCallId(place.policyName, request.caller.runUid, random)
    const quick = quickNumber(request, { callId, label: place.label, nowMs: this.#steps.wallMs() })
    if (quick === undefined) {
      const asked = await this.#steps.asked(NUMBER, place, numberArguments(request, callId))
      return this.#noted(numberAnswer(asked, historyId, request), place, linesOf(asked))
    }
    const whole = { script: NUMBER, args: () => numberArguments(request, callId) }
    const { reply, isQuick } = await this.#steps.quickly(place, { script: QUICK_NUMBER, args: quick.args }, whole)
    if (!isQuick) return this.#noted(numberAnswer(reply, historyId, request), place, linesOf(reply))
    const { accounts, vendorKey } = quick
    const [createdAtMs, createdOrder] = [Number(reply[1]), Number(reply[2])]
    const call = newRowOf(request, { callId, createdAtMs, createdOrder, accounts, vendorKey })
    return this.#noted({ status: 'SEND', call, isNew: true, passed: levelsIn(String(reply[3])) }, place, quick.lines)
  }

  /** `whole`: as REPORT answers it. */
  async report(report: SendReport, whole: () => Promise<Reply>): Promise<ReportAnswer> {
    const { callId, outcome } = report
    const own = this.#own.take(callId)
    const args = own === undefined ? undefined : quickReport(report, own)
    if (own === undefined || args === undefined) return reportAnswer(await whole(), report)
    const { reply, isQuick } = await this.#steps.quickly(
      own.place,
      { script: QUICK_REPORT, args },
      { script: REPORT, args: () => reportArguments(report) },
    )
    if (!isQuick || outcome.kind !== 'definite') return reportAnswer(onRecord(reply, callId), report)
    const call = settledRowOf(own.row, outcome.answer)
    return { status: 'settled', call, isAlarm: false }
  }

  forget(): void {
    this.#own.forget()
  }

  #noted(answer: NumberAnswer, place: Place, lines: string): NumberAnswer {
    if (answer.status === 'SEND' && answer.isNew) this.#own.note(answer.call, place, lines)
    return answer
  }
}
