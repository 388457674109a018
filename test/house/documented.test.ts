import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

/** Judges one file as if it were the contract, by our configuration. */
function judge(source: string): { code: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-documented-'))
  try {
    mkdirSync(join(folder, 'contract'))
    writeFileSync(join(folder, 'contract/a.ts'), source)
    writeFileSync(join(folder, 'package.json'), '{ "name": "judged" }')
    writeFileSync(join(folder, 'tsconfig.json'), '{ "include": ["contract"] }')
    const options = { extends: [resolve('typedoc.json')], entryPoints: ['contract'], tsconfig: 'tsconfig.json' }
    writeFileSync(join(folder, 'typedoc.json'), JSON.stringify(options))
    const command = ['node_modules/typedoc/bin/typedoc', '--options', join(folder, 'typedoc.json')]
    const result = spawnSync(process.execPath, command, { encoding: 'utf8' })
    return { code: result.status, output: result.stdout + result.stderr }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('exports of the contract', function () {
  this.timeout(240_000)

  it('are refused without a doc comment', () => {
    const { code, output } = judge('export function half(x: number): number { return x / 2 }\n')
    expect(output).to.include('half')
    expect(code).not.to.equal(0)
  })

  it('pass with one', () => {
    expect(judge('/** Half of it. */\nexport function half(x: number): number { return x / 2 }\n').code).to.equal(0)
  })
})
