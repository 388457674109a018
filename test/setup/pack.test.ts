import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { expect } from 'chai'
import { CliStage, job } from '../cli/stage.ts'

/** Node 26 first in PATH, for npm and for the installed command alike; set-up's own npm cache where home has none. */
const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`
const ENVIRONMENT = {
  ...process.env,
  PATH,
  ...(existsSync('.tools/npm-cache') ? { npm_config_cache: resolve('.tools/npm-cache') } : {}),
}

function run(folder: string, command: string, ...arguments_: string[]): string {
  const result = spawnSync(command, arguments_, { cwd: folder, encoding: 'utf8', env: ENVIRONMENT })
  if (result.status !== 0) throw new Error(`${command} ${arguments_.join(' ')}: ${result.stdout}${result.stderr}`)
  return result.stdout
}

describe('the npm package', function () {
  this.timeout(180_000)
  let folder: string
  let installed: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-pack-'))
    run('.', 'npm', 'pack', '--ignore-scripts=false', '--loglevel=error', '--pack-destination', folder)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    const flags = [
      '--prefix',
      folder,
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]
    run(folder, 'npm', 'install', ...flags, `./${tarball}`)
    installed = join(folder, 'node_modules/jobcap')
  })
  after(() => rmSync(folder, { recursive: true }))

  it('holds the command, its bundles and no TypeScript', () => {
    expect(readdirSync(installed)).to.include.members(['bin', 'dist', 'package.json', 'LICENSE'])
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    expect(files).to.include.members(['cli/main.js', 'ledger/main.js', 'jobcap-proxy.cjs', 'jobcap-issuer.cjs'])
    expect(files.filter((name) => name.endsWith('.ts'))).to.deep.equal([])
  })

  it('says its version from an empty folder', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(run(folder, join(folder, 'node_modules/.bin/jobcap'), '--version')).to.include(version)
  })

  it('prints its help', () => {
    expect(run(folder, join(folder, 'node_modules/.bin/jobcap'), '--help')).to.include('jobcap run')
  })

  it('runs a Job under a cap from its bundles, and goes on with it under a higher one', async () => {
    const stage = await CliStage.open()
    const packed = { command: [join(folder, 'node_modules/.bin/jobcap')] as const, environment: { PATH } }
    try {
      stage.write('job.yaml', job({ spec: 'completions: 3' }))
      const first = stage.startRun([], packed)
      expect(await first.ended, first.all).to.equal(1)
      expect(first.out).to.include(
        'The run cap of $10.00 had no room for a call: $8.00 is spent and $0.00 is reserved. (cap_exhausted',
      )
      const next = stage.startRun(['--continue', 'bill', '--annotate', 'jobcap.dev/cap-usd=12.00'], packed)
      expect(await next.ended, next.all).to.equal(0)
      expect(next.out).to.match(/spent +\$12\.00 of \$12\.00\n +calls +1 settled, 2 replayed, 0 refused/)
      expect(stage.charges).to.equal(3)
    } finally {
      await stage.close()
    }
  })
})
