import { expect } from 'chai'
import { recordFindings } from '../../cli/doctor/record.ts'
import { LEDGER_OPTIONS } from '../../cli/ledger-access.ts'
import type { AuditEvent } from '../../contract/audit.ts'
import type { LedgerClient } from '../../ledger/client.ts'

const ALARM = { event: 'alarm', seq: 12, atMs: 5, call: null, reason: 'second_answer' } as AuditEvent

describe('jobcap doctor', () => {
  it('prints commands that ask the same ledger as the same person', async () => {
    const client = {
      async *audit() {
        yield ALARM
      },
    } as unknown as LedgerClient
    const values = { ledger: 'kube:', 'service-account': 'jobcap/operator', json: true }
    const [finding] = await recordFindings(client, { alarmsFromMs: 0, values })
    expect(finding?.wayOut).to.equal(
      'jobcap audit --ledger kube: --service-account jobcap/operator --cursor 2 --limit 20',
    )
    const text = Object.fromEntries(Object.keys(LEDGER_OPTIONS).map((name) => [name, `of-${name}`]))
    const [asked] = await recordFindings(client, { alarmsFromMs: 0, values: text })
    for (const name of Object.keys(LEDGER_OPTIONS))
      expect(asked?.wayOut.includes(`--${name} of-${name}`), name).to.equal(name !== 'json')
  })
})
