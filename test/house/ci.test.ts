import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

const FAILED_TEST =
  '  1) jobcap on a real node\n       charges once:\n     AssertionError: charged twice\n4 passed, 1 failed\n'

describe('.ci/run', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-ci-'))
    cpSync('.ci/run', join(folder, '.ci/run'), { recursive: true })
    mkdirSync(join(folder, 'bin'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Runs it where `make` does what `targets` say: what a target prints, and how it ends. */
  function run(targets: Readonly<Record<string, { readonly says: string; readonly code: number }>>) {
    const cases = Object.entries(targets).map(([target, { says, code }]) => {
      writeFileSync(join(folder, target), says)
      return `  ${target}) cat '${join(folder, target)}'; exit ${code} ;;`
    })
    const make = `#!/bin/sh\ncase "$2" in\n${cases.join('\n')}\n  *) echo "$2 ran"; exit 0 ;;\nesac\n`
    writeFileSync(join(folder, 'bin/make'), make, { mode: 0o755 })
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` }
    const { status, stdout } = spawnSync('bash', [join(folder, '.ci/run')], { env, encoding: 'utf8' })
    const lines = stdout.trimEnd().split('\n')
    return { status, stdout, last: lines.at(-1), lastButOne: lines.at(-2) }
  }
  const verify = { says: '✓ all\n12 passed, 0 failed\n', code: 0 }

  it('ends with the counts of make verify when all else runs too', () => {
    const { status, stdout, last } = run({ verify })
    expect([status, last]).to.deep.equal([0, '12 passed, 0 failed'])
    for (const target of ['sim', 'bench', 'sdks', 'e2e']) expect(stdout).to.contain(`${target} ran`)
  })

  it('takes a machine that cannot run a Kubernetes for no failure, and says so again at its end', () => {
    const says = 'E2E DID NOT RUN: a node needs root\n'
    const { status, last, lastButOne } = run({ verify, e2e: { says, code: 2 } })
    expect([status, lastButOne, last]).to.deep.equal([0, says.trim(), '12 passed, 0 failed'])
  })

  it('counts a failed step as one more failure, and names again what failed in it', () => {
    const { status, stdout, last } = run({ verify, e2e: { says: FAILED_TEST, code: 2 } })
    expect([status, last]).to.deep.equal([1, '12 passed, 1 failed'])
    const again = stdout.slice(stdout.indexOf(FAILED_TEST) + FAILED_TEST.length)
    expect(again).to.contain('charges once:').and.to.contain('failed: make e2e')
  })

  it('takes a step for failed whose tests failed, although the machine could run no Kubernetes', () => {
    const says = 'E2E DID NOT RUN: a node needs root\n'
    const sdks = { says: FAILED_TEST, code: 2 }
    const { status, last } = run({ verify, sdks, e2e: { says, code: 2 } })
    expect([status, last]).to.deep.equal([1, '12 passed, 1 failed'])
  })

  it('fails when make verify dies after its tests have passed', () => {
    const { status, last } = run({ verify: { ...verify, code: 2 } })
    expect([status, last]).to.deep.equal([1, '12 passed, 1 failed'])
  })
})
