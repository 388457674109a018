import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { COMMANDS } from '../../cli/commands.ts'
import { parsePolicies } from '../../policy/policy-file.ts'
import { commandProblems, shellCommands } from '../../tools/docs/commands.ts'
import { codeBlocks, deadLinks, orphans, readPages } from '../../tools/docs/pages.ts'

const PAGES = readPages()
const targets = [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z][a-z0-9]*):/gm)].map(([, target]) => target)

describe('the pages', () => {
  it('link to files and anchors that exist', () => {
    expect(deadLinks(PAGES)).to.deep.equal([])
    const broken = {
      path: 'README.md',
      text: '# A b\n[x](gone.md) [y](#a-b) [z](#no) `[q](code.md)`\n```\n[p](fenced.md)\n```\n',
    }
    expect(deadLinks([broken])).to.have.length(2)
  })

  it('can all be reached from the README', () => {
    expect(orphans(PAGES, ['README.md'])).to.deep.equal([])
    expect(orphans([{ path: 'docs/lost.md', text: '' }], ['README.md'])).to.deep.equal(['docs/lost.md'])
  })

  it('are short enough to be read', () => {
    const long = PAGES.filter(({ text }) => text.split('\n').length > 160).map(({ path }) => path)
    expect(long).to.deep.equal([])
  })

  for (const page of PAGES) {
    const commands = shellCommands(page)
    if (commands.length === 0) continue
    it(`${page.path}: each make target, jobcap command and option is there`, () => {
      expect(commandProblems(commands, { targets, commands: COMMANDS })).to.deep.equal([])
    })
  }

  it('would be refused with a command, an option or a target that is not there', () => {
    const text =
      '```sh\nmake lunch\njobcap dance -f x\njobcap explain --loud -f job.yaml\nA=1 jobcap keys list --json # fine\n```\nand `make rain`'
    const commands = shellCommands({ path: 'a.md', text })
    expect(commandProblems(commands, { targets, commands: COMMANDS })).to.have.length(4)
  })

  for (const page of PAGES) {
    for (const { language, text } of codeBlocks(page)) {
      if (language !== 'yaml') continue
      it(`${page.path}: the YAML that begins "${text.split('\n', 2).join(' ')}" is what it seems to be`, () => {
        expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).to.deep.equal([])
        if (text.includes('kind: CapPolicy')) expect(parsePolicies(text, page.path)).to.have.property('policies')
      })
    }
  }

  it('docs/promises.md: each of the six promises names tests that try to break it', () => {
    const [, ...promises] = readFileSync('docs/promises.md', 'utf8').split(/^## /m)
    expect(promises).to.have.length(6)
    for (const promise of promises) expect(promise).to.match(/`test\/[\w./-]+\.test\.ts`/)
  })

  it('name only files of the tree that are there', () => {
    const missing = PAGES.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /`((?:contract|policy|vendors|runtime|store|ledger|sidecar|webhook|local|cli|test|tools|docs|manifests)\/[\w./-]+)`/g,
        ),
      ]
        .map(([, name = '']) => name)
        .filter((name) => !existsSync(name))
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).to.deep.equal([])
  })
})
