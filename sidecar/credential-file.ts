import type { ExchangeAnswer } from '../contract/exchange.ts'
import type { WalkId } from '../contract/ids.ts'
import type { SidecarFiles } from './files.ts'

const OWNER_READS_ONLY = 0o400

/** A credential on the memory volume. */
export interface KeptCredential {
  /** The run of the issuer that it comes from, itself or renewed since. */
  readonly issuedIn: WalkId
  readonly answer: ExchangeAnswer
}

/** The issuer writes the one, the proxy at each renewal the other: neither can put an older one over the other's. */
const FILES = { issued: 'credential.json', renewed: 'renewed.json' } as const

export async function writeCredential(
  files: SidecarFiles,
  stateDir: string,
  { kept, as }: { kept: KeptCredential; as: keyof typeof FILES },
): Promise<void> {
  await files.replace(`${stateDir}/${FILES[as]}`, JSON.stringify(kept), OWNER_READS_ONLY)
}

/**
 * The issuer's, or what the proxy has made of it since. A renewed one of an earlier run of the issuer is passed over: the
 * volume outlives the containers of a Pod that is set up anew. Undefined when the issuer has left none that is whole.
 */
export async function readCredential(files: SidecarFiles, stateDir: string): Promise<KeptCredential | undefined> {
  const issued = await readIssued(files, stateDir)
  const renewed = parseKept(await files.read(`${stateDir}/${FILES.renewed}`))
  return issued !== undefined && renewed?.issuedIn === issued.issuedIn ? renewed : issued
}

/** As the issuer has left it last. */
export async function readIssued(files: SidecarFiles, stateDir: string): Promise<KeptCredential | undefined> {
  return parseKept(await files.read(`${stateDir}/${FILES.issued}`))
}

/** Both writers are ours, so what is checked is that the text is whole and of this kind. */
function parseKept(text: string | undefined): KeptCredential | undefined {
  const kept = parse(text) as Partial<KeptCredential> | null
  return typeof kept?.issuedIn === 'string' && isWhole(kept.answer) ? (kept as KeptCredential) : undefined
}

/** The ledger's own text. */
export function parseExchangeAnswer(text: string): ExchangeAnswer | undefined {
  const value = parse(text)
  return isWhole(value) ? value : undefined
}

function isWhole(value: unknown): value is ExchangeAnswer {
  const answer = value as Partial<ExchangeAnswer> | null | undefined
  return (
    typeof answer?.credential === 'string' &&
    typeof answer.expiresAtMs === 'number' &&
    typeof answer.life === 'number' &&
    typeof answer.historyId === 'string' &&
    Array.isArray(answer.sidecar?.vendors)
  )
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null
  }
}
