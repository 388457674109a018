import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  downloadAddresses,
  dumpingGrounds,
  looseVersions,
  numbersWithoutUnit,
  privateWords,
  type TreeFile,
  treeFiles,
  unusedSql,
} from '../../tools/house/tree.ts'

const LOCKFILES = globSync('**/package-lock.json', { exclude: ['**/node_modules/**', '.tools/**'] })
const file = (path: string, text = ''): TreeFile => ({ path, text })

describe('the tree', () => {
  const tree = treeFiles()

  it('has no dumping grounds', () => {
    expect(dumpingGrounds(tree)).to.deep.equal([])
    const paths = ['ledger/utils.ts', 'common/a.ts', 'store/helper.ts', 'cli/shared/x.ts', 'misc/y.ts']
    expect(dumpingGrounds(paths.map((path) => file(path)))).to.deep.equal(paths)
    expect(dumpingGrounds([file('contract/sharedness.ts')])).to.deep.equal([])
  })

  it('names nobody’s machine', () => {
    expect(privateWords(tree, process.cwd())).to.deep.equal([])
    const clone = ['', 'srv', 'clones', 'jobcap'].join('/')
    const telling = [
      clone,
      ['', 'home', 'ann', 'x'].join('/'),
      ['', 'Users', 'ann', '.npmrc'].join('/'),
      'https://npm-' + 'mirror.corp.example/a',
    ]
    for (const word of telling) expect(privateWords([file('a.ts', `see ${word}`)], clone), word).to.have.length(1)
    expect(privateWords([file('a.ts', 'see https://registry.npmjs.org/a')], clone)).to.deep.equal([])
  })

  it('has lockfiles without download addresses', () => {
    for (const path of LOCKFILES) expect(downloadAddresses(readFileSync(path, 'utf8')), path).to.deep.equal([])
    const bound = JSON.stringify({ packages: { '': {}, 'node_modules/a': { resolved: 'https://here/a.tgz' } } })
    expect(downloadAddresses(bound)).to.deep.equal(['node_modules/a'])
  })

  it('has a lockfile that says what package.json says', () => {
    const wanted = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: { '': Record<string, unknown> }
    }
    for (const kind of ['dependencies', 'devDependencies']) expect(packages[''][kind]).to.deep.equal(wanted[kind])
  })

  it('pins every dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >
    expect(looseVersions({ ...dependencies, ...devDependencies })).to.deep.equal([])
    expect(looseVersions({ a: '^1.2.3', b: '1.2.3', c: 'npm:d@1.2.3', e: '*', f: '1.x' })).to.deep.equal([
      'a',
      'e',
      'f',
    ])
  })

  it('uses every SQL file', () => {
    expect(unusedSql(tree)).to.deep.equal([])
    const files = [
      file('store/sqlite/reserve.sql'),
      file('store/sqlite/old.sql'),
      file('store/sqlite/a.ts', "sql('reserve')"),
    ]
    expect(unusedSql(files)).to.deep.equal(['store/sqlite/old.sql'])
  })

  it('says the unit of every number of the contract', () => {
    expect(numbersWithoutUnit(tree)).to.deep.equal([])
    const numbers = file(
      'contract/a.ts',
      'readonly timeout: number\nreadonly timeoutMs: number\nreadonly amount?: number',
    )
    expect(numbersWithoutUnit([numbers])).to.have.length(2)
  })
})
