import type { ExchangeAnswer, ExchangeRequest } from '../contract/exchange.ts'
import { asWalkId, type WalkId } from '../contract/ids.ts'
import { isRefusalCode, type Refusal, refusal } from '../contract/refusals.ts'
import { EXCHANGE_ROUTE } from '../contract/routes.ts'
import type { Random } from '../runtime/random.ts'
import { parseExchangeAnswer } from './credential-file.ts'
import type { SidecarFiles } from './files.ts'
import { type LedgerLink, LedgerUnreachable, readBody } from './ledger-link.ts'

/** A Pod token for a Pod credential. Throws `LedgerUnreachable` when there is no answer, or none that can be read. */
export async function exchange(
  { ledger, files, tokenFile }: { ledger: LedgerLink; files: SidecarFiles; tokenFile: string },
  asked: ExchangeRequest,
): Promise<ExchangeAnswer | Refusal> {
  // Read each time: the kubelet keeps the file fresh.
  const token = (await files.read(tokenFile))?.trim()
  if (token === undefined || token === '') return refusal('pod_token_invalid', `There is no Pod token in ${tokenFile}.`)
  const answer = await ledger.ask({
    method: 'POST',
    path: EXCHANGE_ROUTE,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(asked)),
  })
  const text = (await readBody(answer)).toString()
  const credential = answer.status === 200 ? parseExchangeAnswer(text) : parseRefusal(text)
  if (credential === undefined)
    throw new LedgerUnreachable(`status ${answer.status} with a body that is not the ledger's`)
  return credential
}

/** The refusal in the body of an answer; undefined when it holds none that we know. */
export function parseRefusal(text: string): Refusal | undefined {
  try {
    const { code, message, error: _, ...details } = JSON.parse(text) as Record<string, unknown>
    if (typeof code !== 'string' || !isRefusalCode(code)) return undefined
    return refusal(code, typeof message === 'string' ? message : undefined, details as Refusal['details'])
  } catch {
    return undefined
  }
}

/** For one run of the issuer, or one `begin`. */
export const newWalk = (random: Random): WalkId => asWalkId(random.hex(16))

export function isRefusal(value: object): value is Refusal {
  return 'code' in value
}
