import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { build } from 'esbuild'
import { PACKAGE_BUNDLES, packageOptions } from '../../tools/bundle/bundles.ts'

const CLIENT = 'node_modules/@kubernetes/client-node'

describe('the bundle of the manager', () => {
  it('holds how the Kubernetes client reads a kubeconfig, and none of its 700 models', async function () {
    this.timeout(120_000)
    const bundle = PACKAGE_BUNDLES.find(({ source }) => source === 'controller/main.ts')
    if (bundle === undefined) throw new Error('it is not built')
    const { metafile } = await build({ ...packageOptions(bundle), write: false })
    const [output] = Object.values(metafile.outputs)
    const ofClient = Object.keys(output?.inputs ?? {}).filter((input) => input.startsWith(CLIENT))
    expect(ofClient).to.include(`${CLIENT}/dist/config.js`)
    expect(ofClient.filter((input) => input.includes('/gen/models/'))).to.deep.equal([])
    expect(output?.imports.map(({ path }) => path)).not.to.include('@kubernetes/client-node')
  })

  it('finds the packages of the client beside it, in the versions that the client has', () => {
    expect(existsSync(`${CLIENT}/node_modules`)).to.equal(false)
  })
})
