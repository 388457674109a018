import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { AuditEvent } from '../../contract/audit.ts'
import { JOBCAP } from './stage.ts'

const run = promisify(execFile)
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

/** The whole record of a state folder, as `jobcap audit` prints it. */
export async function readAudit(stateFolder: string): Promise<AuditEvent[]> {
  const { stdout } = await run(JOBCAP, ['audit', '--json', '--state', stateFolder], { maxBuffer: MAX_OUTPUT_BYTES })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent)
}

export interface Revoked {
  readonly in_flight: readonly { readonly call_id: string; readonly sent: boolean }[]
}

/** `DELETE /vault/keys/{id}`, by the command that a person would use. */
export async function revoke(stateFolder: string, keyId: string): Promise<Revoked> {
  const { stdout } = await run(JOBCAP, ['keys', 'revoke', keyId, '--json', '--state', stateFolder])
  return JSON.parse(stdout) as Revoked
}
