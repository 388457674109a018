import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemRandom } from '../../runtime/random.ts'
import { skip } from '../../tools/test/skip.ts'
import { RunScene, whyNot } from './scene.ts'

for (const isolation of ['root', 'user'] as const) {
  describe(`the vendor's secret, looked for inside an app container, ${isolation}`, function () {
    // As a user the whole disk is walked without an overlay's cache: slow where much lies on it.
    this.timeout(180_000)
    let opened: RunScene | undefined
    let scene: RunScene

    before(async function () {
      const reason = await whyNot({ isolation })
      if (reason !== undefined) skip(this, reason)
      opened = await RunScene.open({ isolation })
      scene = opened
    })
    after(() => opened?.close())

    const hunt = async (manifest: string) => {
      const lines = await scene.linesOf(scene.runText(manifest))
      expect(lines).to.include('searched')
      return lines.filter((line) => line.startsWith('FOUND'))
    }

    it('is nowhere', async () => {
      expect(await hunt(scene.stage.huntManifest)).to.deep.equal([])
    })

    it('is found where it is planted: in a file that is not hidden, a variable, an open file', async () => {
      const planted = join(tmpdir(), `jobcap-planted-${systemRandom.hex(8)}`)
      writeFileSync(planted, `key=${scene.secret}\n`, { mode: 0o644 })
      // Written into the manifest itself it would be replaced at admission.
      const isThere = '[ "$(cat /proc/$!/comm)" = sleep ]'
      const plant = `read -r LEAK <${planted}; export LEAK; sleep 60 7<${planted} & until ${isThere}; do :; done`
      const manifest = scene.stage.huntManifest
        .replace('shape=', `${plant}\n              shape=`)
        .replace('name: hunt-', 'name: planted-hunt-')
      const found = await hunt(manifest).finally(() => rmSync(planted))
      expect(found).to.include.members(['FOUND in the environment', `FOUND in ${planted}`])
      expect(
        found.filter((line) => /^FOUND in \/proc\/\d+$/.test(line)),
        'a process',
      ).not.to.deep.equal([])
      expect(
        found.filter((line) => /^FOUND in \/proc\/\d+\/fd\/7$/.test(line)),
        'an open file',
      ).not.to.deep.equal([])
    })

    it('is out of reach with the state folder and the ledger’s socket', async () => {
      const { state, stage } = scene
      const script = `ls -A ${state}; ls -A ${stage.secretsFolder}; cat ${stage.secretFile} ${state}/ledger/operator-token
        find ${stage.folder} /run -name ledger.sock -o -name operator-token; ls /run/jobcap-ledger
        echo looked`
      const manifest = `kind: Job
metadata: {name: look, namespace: billing}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: app, command: [sh, -c, ${JSON.stringify(script)}]}]
`
      const lines = (await scene.linesOf(scene.runText(manifest))).filter((line) => !line.startsWith('{'))
      const refused = lines.filter((line) => /^(ls|cat): /.test(line))
      expect(lines.filter((line) => line !== '' && !refused.includes(line))).to.deep.equal(['looked'])
    })
  })
}
