import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asDigest } from '../../contract/ids.ts'
import { systemFiles } from '../../sidecar/files.ts'
import { type Delivery, DeliveryFile } from '../../sidecar/proxy/delivery-file.ts'

const DIGEST = asDigest('d'.repeat(64))
const delivery = (n: number): Delivery => ({ life: 1, digest: DIGEST, n, lane: 'lane', token: null })

describe('a delivery file whose last line is torn', () => {
  let stateDir: string
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'jobcap-deliveries-'))
  })
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

  const open = async (boot: number) => {
    const past = await DeliveryFile.read(systemFiles, stateDir)
    return DeliveryFile.open(systemFiles, { stateDir, boot }, past)
  }
  const tear = () => appendFileSync(join(stateDir, 'deliveries.jsonl'), '{"state":"se')

  it('still names the answer that was on its way, and clears nothing of before', async () => {
    const first = await open(1)
    await first.delivering(delivery(1))
    await first.seen(delivery(1))
    await first.delivering(delivery(2))
    tear()
    const second = await open(2)
    expect(second.journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 2, delivering: [2] })
  })

  it('keeps what was read, for this start and the next ones', async () => {
    const first = await open(1)
    await first.delivering(delivery(1))
    await first.seen(delivery(1))
    await first.delivering(delivery(2))
    tear()
    await open(2)
    expect((await DeliveryFile.recall(systemFiles, stateDir)).map(({ fact }) => fact.n)).to.deep.equal([1])
    const third = await open(3)
    expect(third.journalOf(1, DIGEST)).to.deep.equal({ intactSinceBoot: 2, delivering: [2] })
  })
})
