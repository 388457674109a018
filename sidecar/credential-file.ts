import type { ExchangeAnswer } from '../contract/exchange.ts'
import type { SidecarFiles } from './files.ts'

const OWNER_READS_ONLY = 0o400

/** The issuer writes it, the proxy reads it at its start and replaces it at each renewal. */
export function credentialPath(stateDir: string): string {
  return `${stateDir}/credential.json`
}

export async function writeCredential(files: SidecarFiles, stateDir: string, answer: ExchangeAnswer): Promise<void> {
  await files.replace(credentialPath(stateDir), JSON.stringify(answer), OWNER_READS_ONLY)
}

/** Undefined when there is no file yet, or none that holds a credential. */
export async function readCredential(files: SidecarFiles, stateDir: string): Promise<ExchangeAnswer | undefined> {
  const text = await files.read(credentialPath(stateDir))
  return text === undefined ? undefined : parseExchangeAnswer(text)
}

/** Both writers are ours, so what is checked is that the text is whole and of this kind. */
export function parseExchangeAnswer(text: string): ExchangeAnswer | undefined {
  try {
    const value = JSON.parse(text) as Partial<ExchangeAnswer> | null
    const isWhole =
      typeof value?.credential === 'string' &&
      typeof value.expiresAtMs === 'number' &&
      typeof value.life === 'number' &&
      typeof value.historyId === 'string' &&
      Array.isArray(value.sidecar?.vendors)
    return isWhole ? (value as ExchangeAnswer) : undefined
  } catch {
    return undefined
  }
}
