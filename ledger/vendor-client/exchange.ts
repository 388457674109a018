import type { GrowingRoom } from '../../runtime/growing-room.ts'
import { type Keeping, KeptAnswer } from './kept-answer.ts'
import type { BufferedAnswer, SendResult, VendorNetwork, VendorRequest } from './network.ts'

export type ExchangeResult =
  | { readonly kind: 'answered'; readonly answer: BufferedAnswer }
  | Exclude<SendResult, { kind: 'answered' }>

/** Sends once and keeps the whole answer. One that is above `maxBytes`, or does not end, is broken off and counts as lost. */
export async function exchange(
  network: VendorNetwork,
  request: VendorRequest,
  keeping: Keeping,
): Promise<ExchangeResult> {
  const kept = new KeptAnswer(keeping)
  const result = await network.send({ ...request, wholeBodyMs: request.idleMs }, kept)
  return result.kind === 'answered' ? { kind: 'answered', answer: kept.answer() } : result
}

/** The same for an answer that is read where it is asked for, and goes no further. */
export async function ask(
  network: VendorNetwork,
  request: VendorRequest,
  { maxBytes, room }: { readonly maxBytes: number; readonly room: GrowingRoom },
): Promise<ExchangeResult> {
  const place = room.open()
  return exchange(network, request, { maxBytes, place }).finally(() => place.empty())
}
