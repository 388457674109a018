import { writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ExchangeAnswer } from '../../../contract/exchange.ts'
import { BodyRoom } from '../../../runtime/body-room.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { createLog } from '../../../runtime/log.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { writeCredential } from '../../../sidecar/credential-file.ts'
import { newWalk } from '../../../sidecar/exchange.ts'
import { type SidecarFiles, systemFiles } from '../../../sidecar/files.ts'
import { connectLedger, parseLedgerAddress } from '../../../sidecar/ledger-link.ts'
import type { SidecarEffects } from '../../../sidecar/proxy/effects.ts'
import { createPassthrough } from '../../../sidecar/proxy/passthrough.ts'
import { Proxy } from '../../../sidecar/proxy/proxy.ts'
import { newStateDir, type StandInLedger } from './ledger.ts'

/** A proxy in this process, with its real network and files. */
export class SidecarUnderTest {
  readonly proxy: Proxy
  readonly stateDir: string
  readonly effects: SidecarEffects
  /** Whether this kernel's socket tables can be used as evidence. */
  readonly proved: Promise<boolean>
  /** How often the socket tables have been read. */
  looks = 0
  readonly #servers: Server[] = []
  #closed = false

  constructor(ledgerUrl: string, { stateDir, ...effects }: Partial<SidecarEffects> & { stateDir: string }) {
    const ledger = parseLedgerAddress(ledgerUrl)
    if (ledger === undefined) throw new Error(`no ledger address: ${ledgerUrl}`)
    this.stateDir = stateDir
    this.effects = {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      files: systemFiles,
      ledger: connectLedger(ledger, systemTimers),
      passthrough: createPassthrough(ledger),
      log: createLog('test', process.env['SIDECAR_LOG'] ?? 'silent'),
      bodies: new BodyRoom(64 * 1024 * 1024),
      ...effects,
    }
    const { files } = this.effects
    this.effects = { ...this.effects, files: { ...files, read: (path) => this.#read(files, path) } }
    this.proxy = new Proxy(this.effects, {
      ledger,
      stateDir,
      tokenFile: join(stateDir, 'token'),
      terminationLog: join(stateDir, 'termination-log'),
      port: 0,
      vendorPorts: new Map(),
      drainMs: 10_000,
    })
    this.proved = this.proxy.started.then(({ queues }) => queues.prove())
  }

  /** As the issuer leaves it: token and credential on the memory volume. */
  static async start(
    ledger: StandInLedger,
    { stateDir = newStateDir(), ...effects }: Partial<SidecarEffects> & { stateDir?: string } = {},
  ): Promise<SidecarUnderTest> {
    writeFileSync(join(stateDir, 'token'), 'pod-token')
    await writeIssued(stateDir, ledger.exchangeAnswer())
    return new SidecarUnderTest(ledger.url, { stateDir, ...effects })
  }

  /** A port of 127.0.0.1 or another loopback address, the vendor's own when one is named. */
  async listen({ host = '127.0.0.1', vendor }: { host?: string; vendor?: string } = {}): Promise<number> {
    const server = this.proxy.serverFor(vendor)
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    return (server.address() as AddressInfo).port
  }

  /** Of the memory volume. */
  file(name: string): Promise<string | undefined> {
    return systemFiles.read(join(this.stateDir, name))
  }

  /** Looks again and again, between other events, until `test` holds. */
  async until(test: () => Promise<boolean>): Promise<void> {
    while (!this.#closed && !(await test())) await new Promise((resolve) => setImmediate(resolve))
  }

  async #read(files: SidecarFiles, path: string): Promise<string | undefined> {
    if (path === '/proc/net/tcp') this.looks += 1
    return files.read(path)
  }

  close(): void {
    this.#closed = true
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

/** What a run of the issuer leaves. */
export function writeIssued(stateDir: string, answer: ExchangeAnswer): Promise<void> {
  const kept = { issuedIn: newWalk(systemRandom), answer }
  return writeCredential(systemFiles, stateDir, { kept, as: 'issued' })
}
