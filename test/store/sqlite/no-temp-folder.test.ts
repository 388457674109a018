import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = join(import.meta.dirname, '../../..')
const TWO_PODS = fileURLToPath(new URL('two-pods.ts', import.meta.url))
/** Where this clone is found when it lies in one of the folders that are hidden. */
const MOUNTED = '/mnt'
/** Where SQLite looks for a place of its own: all read-only, as in the image with its read-only root. */
const READ_ONLY = `mount --bind "$0" ${MOUNTED} && mount -t tmpfs -o ro none /tmp && mount -t tmpfs -o ro none /var/tmp && cd /tmp && exec "$@"`

describe('SQLite without a folder for temporary files', function () {
  this.timeout(60_000)
  before(function () {
    if (spawnSync('unshare', ['--mount', 'true']).status === 0) return
    console.log('SKIPPED: SQLite without a folder for temporary files: this user may not make a mount namespace')
    this.skip()
  })

  it('takes steps that come in together, as in a Pod whose only volume is that of the database', () => {
    const folder = mkdtempSync(join(ROOT, '.tools/no-temp-'))
    try {
      const program = [process.execPath, TWO_PODS, join(folder, 'ledger.db')].map((path) => path.replace(ROOT, MOUNTED))
      const within = ['--mount', 'sh', '-c', READ_ONLY, ROOT, ...program]
      const { TMPDIR: _, SQLITE_TMPDIR: __, ...env } = process.env
      expect(execFileSync('unshare', within, { encoding: 'utf8', env })).to.equal('ADMITTED ADMITTED\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
