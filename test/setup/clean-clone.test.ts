import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const SYSTEM_PATH = '/usr/bin:/bin'

/** A folder with what set-up reads, and a PATH of our making. */
class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), 'jobcap-clone-'))

  constructor() {
    for (const path of ['tools/setup', 'bin', 'package.json', 'package-lock.json', '.npmrc']) {
      cpSync(path, join(this.folder, path), { recursive: true })
    }
    mkdirSync(join(this.folder, 'machine'))
  }

  /** Puts a program on the machine's PATH. */
  program(name: string, script: string): void {
    writeFileSync(join(this.folder, 'machine', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  run(command: string, ...arguments_: string[]): { code: number | null; output: string } {
    const environment = { PATH: `${join(this.folder, 'machine')}:${SYSTEM_PATH}`, HOME: this.folder }
    const options = { encoding: 'utf8', cwd: this.folder, env: environment } as const
    const result = spawnSync(command, arguments_, options)
    return { code: result.status, output: result.stdout + result.stderr }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

describe('set-up', function () {
  this.timeout(120_000)
  let clone: Clone
  beforeEach(() => {
    clone = new Clone()
  })
  afterEach(() => clone.remove())

  it('refuses a Node older than 20, and says which it found', () => {
    clone.program('node', 'case "$1" in --version) echo v18.19.0 ;; *) echo 18 ;; esac')
    clone.program('npm', 'exit 1')
    const { code, output } = clone.run('sh', 'tools/setup/setup.sh')
    expect(output).to.include('needs any Node >= 20 with npm to begin with; this one is v18.19.0')
    expect(code).to.equal(1)
  })

  it('asks for nothing when all is there already', () => {
    mkdirSync(join(clone.folder, '.tools/bin'), { recursive: true })
    symlinkSync(process.execPath, join(clone.folder, '.tools/bin/node'))
    cpSync('package-lock.json', join(clone.folder, '.tools/installed-lock.json'))
    mkdirSync(join(clone.folder, 'node_modules'))
    writeFileSync(join(clone.folder, 'node_modules/.package-lock.json'), '{}')
    for (const name of ['node', 'npm', 'apt-get']) clone.program(name, `echo ${name} was called; exit 1`)
    for (const name of ['ip', 'unshare', 'nsenter', 'redis-server']) clone.program(name, 'exit 0')
    clone.program('python3', 'echo /usr/bin/python3')
    expect(clone.run('sh', 'tools/setup/setup.sh')).to.deep.equal({ code: 0, output: '' })
  })
})

describe('bin/jobcap', () => {
  let clone: Clone
  beforeEach(() => {
    clone = new Clone()
  })
  afterEach(() => clone.remove())

  it('says what to do in a clone that is not set up', () => {
    mkdirSync(join(clone.folder, 'cli'))
    writeFileSync(join(clone.folder, 'cli/main.ts'), '')
    const { code, output } = clone.run('bin/jobcap', '--version')
    expect(output).to.include("run 'make setup'")
    expect(code).to.equal(69)
  })

  it('runs the sources in a clone, through a link too', () => {
    mkdirSync(join(clone.folder, 'cli'))
    mkdirSync(join(clone.folder, '.tools/bin'), { recursive: true })
    symlinkSync(process.execPath, join(clone.folder, '.tools/bin/node'))
    writeFileSync(
      join(clone.folder, 'cli/main.ts'),
      'const words: string[] = process.argv.slice(2)\nconsole.log(words)',
    )
    symlinkSync(resolve(clone.folder, 'bin/jobcap'), join(clone.folder, 'machine/jobcap'))
    expect(clone.run('machine/jobcap', 'run', 'a b').output).to.equal("[ 'run', 'a b' ]\n")
  })

  it('refuses a Node older than 26 in the installed package', () => {
    clone.program('node', 'echo v20.20.2')
    const { code, output } = clone.run('bin/jobcap', '--version')
    expect(output).to.equal('jobcap: needs Node 26 or newer in PATH; found v20.20.2\n')
    expect(code).to.equal(69)
  })
})
