import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const SKIP = resolve('tools/test/skip.ts')

/** Runs mocha with our reporter over one test file, and returns what it printed and its exit code. */
function run(
  source: string,
  environment: Record<string, string> = {},
  options: string[] = [],
): { lines: string[]; code: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-reporter-'))
  try {
    const file = join(folder, 'some.test.mjs')
    writeFileSync(file, `import { skip } from ${JSON.stringify(SKIP)}\n${source}`)
    const { CI: _, ...inherited } = process.env
    const result = spawnSync(
      process.execPath,
      ['node_modules/mocha/bin/mocha.js', '--no-config', '--reporter', './tools/test/reporter.ts', ...options, file],
      { encoding: 'utf8', env: { ...inherited, ...environment } },
    )
    return { lines: result.stdout.trimEnd().split('\n'), code: result.status }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the test reporter', () => {
  it('ends with the counts, and tells a failure in detail', () => {
    const { lines, code } = run(`
      it('holds', () => {})
      it('breaks', () => { throw new Error('one is not two') })`)
    expect(lines.at(-1)).to.equal('1 passed, 1 failed')
    expect(lines.join('\n')).to.include('Error: one is not two')
    expect(code).to.equal(1)
  })

  it('prints why a test was skipped, and counts it neither way', () => {
    const { lines, code } = run(
      `it('needs a cluster', function () { skip(this, 'no cluster here') })
       describe('a whole suite', () => { before(function () { skip(this, 'no Redis here') }); it('one', () => {}) })`,
      { CI: 'true' },
    )
    expect(lines).to.include('skipped: needs a cluster: no cluster here')
    expect(lines).to.include('skipped: a whole suite one: no Redis here')
    expect(lines.at(-1)).to.equal('0 passed, 0 failed')
    expect(code).to.equal(0)
  })

  it('fails in CI when a test was skipped without a reason', () => {
    const source = `it.skip('forgotten', () => {})`
    expect(run(source, { CI: 'true' }).lines.at(-1)).to.equal('0 passed, 1 failed')
    expect(run(source, { CI: 'true' }).code).to.equal(1)
    expect(run(source).code).to.equal(0)
  })

  it('ends with a failure when a test file cannot be loaded', () => {
    const { lines, code } = run("import './nowhere.mjs'")
    expect(lines.at(-1)).to.equal('0 passed, 1 failed')
    expect(code).not.to.equal(0)
  })

  it('ends with a failure when the tests leave something open', () => {
    const { lines, code } = run(
      "import { createServer } from 'node:http'\nit('listens', () => { createServer().listen(0) })",
    )
    expect(lines.join('\n')).to.match(/left something open.*TCPServerWrap/)
    expect(lines.at(-1)).to.equal('1 passed, 1 failed')
    expect(code).to.equal(1)
  })

  it('is told by our configuration to refuse a test that was left alone with .only', () => {
    const { 'forbid-only': forbidOnly } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as Record<string, unknown>
    expect(forbidOnly).to.equal(true)
    expect(run("it.only('alone', () => {})", {}, ['--forbid-only']).code).not.to.equal(0)
  })
})
