import { createHash, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { readOrCreateSecretFile } from '../../runtime/key-file.ts'
import type { Random } from '../../runtime/random.ts'

export const OPERATOR_TOKEN_FILE = 'operator-token'
const FORM = /^jco_[0-9a-f]{64}$/

/** The operators' token, in the state folder, made at the first start. */
export function readOperatorToken(stateFolder: string, random: Random): string {
  return readOrCreateSecretFile(join(stateFolder, OPERATOR_TOKEN_FILE), () => `jco_${random.hex(32)}`, FORM)
}

export function isOperatorToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
