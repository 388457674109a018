import type { AuditEvent } from '../../contract/audit.ts'
import type { Children } from './children.ts'
import { JOBCAP } from './places.ts'

/** The whole record of a state folder, as `jobcap audit` prints it. */
export async function readAudit(children: Children, stateFolder: string): Promise<AuditEvent[]> {
  const record = await children.output(JOBCAP, ['audit', '--json', '--state', stateFolder])
  return record
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent)
}

export interface Revoked {
  readonly in_flight: readonly { readonly call_id: string; readonly sent: boolean }[]
}

/** `DELETE /vault/keys/{id}`, by the command that a person would use. */
export async function revoke(children: Children, stateFolder: string, keyId: string): Promise<Revoked> {
  return JSON.parse(
    await children.output(JOBCAP, ['keys', 'revoke', keyId, '--json', '--state', stateFolder]),
  ) as Revoked
}
