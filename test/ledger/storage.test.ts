import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { skip } from '../../tools/test/skip.ts'
import { ask, failure, gist, payment } from './call.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'
import { SmallDisk } from './small-disk.ts'

describe('a ledger whose disk fails', () => {
  let rig: Rig | undefined
  let disk: SmallDisk
  let onDisk: Rig['startLedger']
  let stripe: Rig['stripe']
  before(async function () {
    if (process.getuid?.() !== 0) skip(this, 'needs root for a small tmpfs')
    const started = await startRig()
    rig = started
    disk = new SmallDisk(join(rig.folder, 'disk'))
    onDisk = () => started.startLedger(['--store', `sqlite:${disk.folder}/ledger.db`])
    stripe = started.stripe
  })
  beforeEach(() => disk.mount('2m'))
  afterEach(() => disk.unmount())
  after(() => rig?.stop())

  const newKey = async (ledger: LedgerProcess) => (await ledger.client.createKey({ vendor: 'stripe' })).vault_key

  it('full before the reservation: 503 store_unavailable, nothing is sent; with room again it goes on', async () => {
    const ledger = await onDisk()
    const key = await newKey(ledger)
    disk.fill()
    const told = await ask(ledger.address, payment(key, 'full'))
    expect(gist(told)).to.equal('503 store_unavailable')
    expect(told.headers['x-should-retry']).to.equal('true')
    expect(stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey === 'full')).to.deep.equal([])
    expect(await failure(ledger.client.createKey({ vendor: 'stripe' }))).to.match(/may have been done all the same/)
    disk.free()
    expect(gist(await ask(ledger.address, payment(key, 'full')))).to.equal('200')
    expect(await ledger.drain()).to.equal(0)
  })

  it('full, and then with room again, it is ready again though nobody calls: in a cluster nothing reaches one that is not', async () => {
    const ledger = await onDisk()
    const key = await newKey(ledger)
    disk.fill()
    await ask(ledger.address, payment(key, 'fills'))
    const readyz = () => ask(ledger.address, { method: 'GET', path: '/readyz' })
    expect((await readyz()).status).to.equal(503)
    disk.free()
    while ((await readyz()).status !== 200);
  })

  it("full between send and settle: the app gets the vendor's answer, and the settle lands when there is room", async () => {
    const ledger = await onDisk()
    const key = await newKey(ledger)
    await stripe.control.hold()
    const asking = ask(ledger.address, payment(key, 'late'))
    const held = await stripe.control.nextHeld()
    disk.fill()
    await stripe.control.release(held.id)
    expect(gist(await asking)).to.equal('200')
    expect(ledger.log()).to.match(/the store did not take a report/)
    disk.free()
    expect(await ledger.drain()).to.equal(0)
    const next = await onDisk()
    const events = (await auditOf(next)).map(({ event }) => event)
    expect(events.filter((event) => event === 'call.settled')).to.have.length(1)
    expect(events).to.not.include('call.in_doubt')
    await next.drain()
  })

  it('a database that cannot be written is refused at the start, with what to do', async () => {
    const ledger = await onDisk()
    await ledger.drain()
    disk.remountReadOnly()
    const fault = await failure(onDisk())
    expect(fault).to.match(/ledger\.db/)
    expect(fault).to.match(/start failed/)
  })

  it('a second ledger over the same database is refused, and the first goes on', async () => {
    const ledger = await onDisk()
    const fault = await failure(onDisk())
    expect(fault).to.match(/in use|locked|another/i)
    expect(await ledger.client.readiness()).to.deep.equal({ ready: true })
    await ledger.drain()
  })
})

describe('what a ledger writes to its folder', () => {
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(() => rig.stop())

  it('its keys are for it alone, made once, and a damaged one is refused rather than replaced', async () => {
    const ledger = await rig.startLedger()
    await ledger.drain()
    const files = ['master-key', 'operator-token', 'pod-token-key'].map((name) => join(rig.folder, 'state', name))
    const before = files.map((file) => readFileSync(file, 'utf8'))
    expect(execFileSync('stat', ['-c', '%a', ...files], { encoding: 'utf8' })).to.equal('600\n600\n600\n')
    await (await rig.startLedger()).drain()
    expect(files.map((file) => readFileSync(file, 'utf8'))).to.deep.equal(before)
    const [masterKey = ''] = files
    chmodSync(masterKey, 0o600)
    writeFileSync(masterKey, 'damaged')
    const fault = await failure(rig.startLedger())
    expect(fault).to.match(/master-key does not hold a key/)
    expect(readFileSync(masterKey, 'utf8')).to.equal('damaged')
  })
})
