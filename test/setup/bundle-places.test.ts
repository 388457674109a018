import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { build } from 'esbuild'
import { packageOptions } from '../../tools/bundle/bundles.ts'

const SOURCE = 'test/setup/fixtures/places.ts'

describe('a module in a bundle', () => {
  it('finds the files beside it at the place that its source has in the tree', async () => {
    const dist = mkdtempSync(join(tmpdir(), 'jobcap-dist-'))
    try {
      const file = join(dist, 'cli/main.js')
      await build({ ...packageOptions({ source: SOURCE, file: 'dist/cli/main.js' }), outfile: file, format: 'esm' })
      const { stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
      expect(stdout.trim().split('\n')).to.deep.equal([
        join(dist, 'test/setup/fixtures'),
        join(dist, 'test/setup/fixtures/beside.sql'),
      ])
    } finally {
      rmSync(dist, { recursive: true })
    }
  })
})
