import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { build } from 'esbuild'
import { SIDECAR_BUNDLES, sidecarOptions } from '../../tools/bundle/bundles.ts'
import { notInAPod } from '../../tools/bundle/forbidden.ts'

describe('what goes into a user’s Pod', function () {
  this.timeout(120_000)

  for (const bundle of SIDECAR_BUNDLES.filter(({ source }) => existsSync(source.split('/')[0] ?? ''))) {
    it(`${bundle.file} holds no zod, express, undici, YAML, pino, database or price list`, async () => {
      const { metafile } = await build({ ...sidecarOptions(bundle), write: false })
      expect(notInAPod(metafile)).to.deep.equal([])
    })
  }

  it('is refused when it does', async () => {
    const { metafile } = await build({
      stdin: {
        contents: "export * from 'zod'; export * from './contract/claims.schema.ts'",
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
      metafile: true,
      write: false,
    })
    expect(notInAPod(metafile)).to.include('contract/claims.schema.ts')
    expect(notInAPod(metafile).some((input) => input.startsWith('node_modules/zod/'))).to.equal(true)
  })
})
