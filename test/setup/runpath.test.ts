import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { skip } from '../../tools/test/skip.ts'

/** The library's file as the loader finds it for a program, or undefined. */
function libraryOf(program: string, name: string): string | undefined {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' })
  return new RegExp(`${RegExp.escape(name)} => (.+) \\(0x`).exec(stdout)?.[1]
}

describe('a Node whose libatomic lies beside it', function () {
  this.timeout(120_000)
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-runpath-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('starts, and finds it there', function () {
    if (process.platform !== 'linux') skip(this, 'run paths in ELF files are a matter of Linux')
    const library = libraryOf(process.execPath, 'libatomic.so.1')
    if (library === undefined) skip(this, 'this Node needs no libatomic')
    mkdirSync(join(folder, 'bin'))
    mkdirSync(join(folder, 'lib'))
    const node = join(folder, 'bin/node')
    copyFileSync(process.execPath, node)
    copyFileSync(library, join(folder, 'lib', basename(library)))

    const patch = () => spawnSync(process.execPath, ['tools/setup/runpath.mjs', node], { encoding: 'utf8' })
    const found = libraryOf(node, 'libatomic.so.1') ?? ''
    // A run path that is there already, from the same set-up, is not added twice.
    if (!found.startsWith(folder)) expect(patch().stderr).to.equal('')
    expect(patch().stderr).to.include('has a run path already')
    expect(realpathSync(libraryOf(node, 'libatomic.so.1') ?? '/')).to.equal(
      join(realpathSync(folder), 'lib/libatomic.so.1'),
    )
    expect(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()).to.equal(process.version)
  })
})
