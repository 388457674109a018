import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type KeyPair, makeAuthority, makeServing } from '../../certs/certificates.ts'
import { systemRandom } from '../../runtime/random.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { ask, failure, gist, payment } from '../ledger/call.ts'
import { type Rig, startRig } from '../ledger/rig.ts'
import { needsRedis, type RedisServer, startRedis } from './redis-server.ts'

const LIFE_MS = 60 * 60 * 1000

/** A Redis that answers by TLS alone, and the authority that signed for `localhost`. */
async function startTlsRedis(): Promise<{ redis: RedisServer; url: string; authority: KeyPair; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'))
  const making = { random: systemRandom, nowMs: Date.now() }
  const authority = await makeAuthority(making, LIFE_MS)
  const serving = await makeServing(making, { authority, dnsNames: ['localhost'], lifeMs: LIFE_MS })
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const tlsPort = await freePort()
  const settings = {
    'tls-port': String(tlsPort),
    'tls-cert-file': file('cert.pem', serving.certPem),
    'tls-key-file': file('key.pem', serving.keyPem),
    'tls-ca-cert-file': file('ca.pem', authority.certPem),
    'tls-auth-clients': 'no',
  }
  const redis = await startRedis({ settings, port: 0 })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  return { redis, url: `rediss://localhost:${tlsPort}`, authority, remove }
}

describe('a ledger on a Redis with TLS', function () {
  this.timeout(60_000)
  let server: Awaited<ReturnType<typeof startTlsRedis>>
  let rig: Rig

  before(function () {
    needsRedis(this)
  })
  beforeEach(async () => {
    server = await startTlsRedis()
    rig = await startRig()
  })
  afterEach(async () => {
    await rig.stop()
    await server.redis.stop()
    server.remove()
  })

  const start = (url: string, caPem: string | null) => {
    const ca = join(rig.folder, 'redis-ca.pem')
    if (caPem !== null) writeFileSync(ca, caPem)
    return rig.startLedger([
      '--store',
      url,
      '--waive',
      'journal',
      '--initialise',
      ...(caPem === null ? [] : ['--redis-ca', ca]),
    ])
  }

  it('charges and replays where the authority is the one that it was given', async () => {
    const ledger = await start(server.url, server.authority.certPem)
    const key = (await ledger.client.createKey({ vendor: 'stripe', usd_cap: '1.00' })).vault_key
    const told = await ask(ledger.address, payment(key, 'k'))
    expect(gist(told)).to.equal('200')
    expect((await ask(ledger.address, payment(key, 'k'))).text).to.equal(told.text)
    expect(gist(await ask(ledger.address, payment(key, 'other')))).to.equal('429 cap_exhausted')
  })

  it('does not start where the certificate is of an authority that it does not know, and says which setting to change', async () => {
    expect(await failure(start(server.url, null))).to.match(
      /its certificate is of an authority that is not trusted here: .* --redis-ca/,
    )
    const another = await makeAuthority({ random: systemRandom, nowMs: Date.now() }, LIFE_MS)
    expect(await failure(start(server.url, another.certPem))).to.match(
      /its certificate is of an authority that is not trusted here: .* --redis-ca/,
    )
  })

  it('does not start where the certificate is for another host', async () => {
    const byAddress = server.url.replace('localhost', '127.0.0.1')
    expect(await failure(start(byAddress, server.authority.certPem))).to.match(
      /its certificate is for another host: .* --store/,
    )
  })

  it('does not start without TLS on a port that wants it', async () => {
    const fault = await failure(start(server.url.replace('rediss', 'redis'), null))
    expect(fault).to.match(/redis:.*(the connection broke|it cannot be reached)/)
  })
})
