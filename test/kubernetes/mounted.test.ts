import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type KeyPair, makeAuthority, makeServing } from '../../certs/certificates.ts'
import { keepMounted } from '../../certs/mounted.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'

const making = { random: systemRandom, nowMs: Date.now() }
const LIFE_MS = 86_400_000

describe('a mounted certificate', () => {
  let folder = ''
  let authority: KeyPair
  let look = () => {}
  const timers = {
    ...systemTimers,
    every(_periodMs: number, action: () => void) {
      look = action
      return () => {}
    },
  }
  const files = () => ({ certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') })
  const issue = () => makeServing(making, { authority, dnsNames: ['localhost'], lifeMs: LIFE_MS })
  const write = ({ certPem, keyPem }: Partial<KeyPair>) => {
    if (certPem !== undefined) writeFileSync(files().certFile, certPem)
    if (keyPem !== undefined) writeFileSync(files().keyFile, keyPem)
  }
  const keep = (use: (pair: KeyPair) => void = () => {}) =>
    keepMounted({ files: files(), timers, log: createLog('test', 'silent'), use })

  before(async () => {
    authority = await makeAuthority(making, LIFE_MS)
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-mounted-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is used as it is replaced, once, and half a pair never is', async () => {
    const [first, second] = [await issue(), await issue()]
    write(first)
    const used: string[] = []
    expect(keep(({ certPem }) => used.push(certPem)).first).to.deep.equal(first)
    look()
    write({ certPem: second.certPem })
    look()
    expect(used).to.deep.equal([])
    write({ keyPem: second.keyPem })
    look()
    look()
    expect(used).to.deep.equal([second.certPem])
  })

  it('that is missing or is no certificate keeps a process from starting, and a running one on what it had', async () => {
    expect(() => keep()).to.throw(/tls.crt/)
    write({ ...(await issue()), certPem: 'no certificate' })
    expect(() => keep()).to.throw()
    write(await issue())
    const used: string[] = []
    keep(({ certPem }) => used.push(certPem))
    rmSync(files().certFile)
    look()
    expect(used).to.deep.equal([])
  })
})
