import { expect } from 'chai'
import { build } from 'esbuild'

describe('what the sidecar bundles of the vendors', () => {
  it('holds no price, no schema and nothing from outside, in 36 KiB', async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: ['vendors/registry/identity.ts'],
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'cjs',
      metafile: true,
      write: false,
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs).to.include('vendors/stripe/identity.ts')
    expect(inputs.filter((path) => /cost|currency|money|node_modules|\.schema\./.test(path))).to.deep.equal([])
    expect(outputFiles[0]?.contents.length).to.be.below(36 * 1024)
  })
})
