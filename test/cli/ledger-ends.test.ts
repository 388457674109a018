import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createLedgerClient } from '../../ledger/client.ts'
import { ask, gist, lookup } from '../ledger/call.ts'
import { type Rig, startRig } from '../ledger/rig.ts'
import { CommandRun } from './command-run.ts'

describe('jobcap ledger in a terminal', function () {
  this.timeout(60_000)
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(() => rig.stop())

  for (const { what, signals } of [
    { what: 'one Ctrl-C, which reaches it and its ledger', signals: ['SIGINT'] },
    { what: 'a closed terminal, of which shell and kernel both tell', signals: ['SIGHUP', 'SIGHUP'] },
    { what: 'a SIGTERM to all of a service', signals: ['SIGTERM'] },
  ] as const) {
    it(`${what}: the call that is out ends and settles`, async () => {
      const files = [
        '--policy',
        'policy.yaml',
        '--secrets',
        'secrets',
        '--store',
        'sqlite:ledger.db',
        '--state',
        'state',
      ]
      const args = ['ledger', ...files, '--listen', '127.0.0.1:0']
      const ledger = new CommandRun(args, { folder: rig.folder, isGroup: true })
      const [line] = await ledger.saw(/^\{"ready":true.*/m)
      const address = (JSON.parse(line) as { addresses: [string] }).addresses[0]
      const operatorToken = readFileSync(join(rig.folder, 'state/operator-token'), 'utf8').trim()
      const { vault_key } = await createLedgerClient({ address, operatorToken }).createKey({ vendor: 'geocode' })
      await rig.geocoder.control.hold()
      const asking = ask(address, lookup(vault_key, signals.join(), 'a street')).then(gist, String)
      const held = await rig.geocoder.control.nextHeld()
      for (const signal of signals) ledger.signal(signal)
      await Promise.race([ledger.saw(/"msg":"draining"/), ledger.ended])
      await rig.geocoder.control.release(held.id)
      expect([await asking, await ledger.ended], ledger.all).to.deep.equal(['200', 0])
    })
  }
})
