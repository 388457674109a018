import { globSync } from 'node:fs'
import { expect } from 'chai'
import { batchesOf } from '../../tools/test/batches.ts'
import { Transcript } from '../../tools/test/transcript.ts'

describe('the test files as processes side by side', () => {
  const files = globSync('test/**/*.test.ts')
  const batches = batchesOf(files)

  it('are each in one of them', () => {
    expect(batches.flatMap((batch) => batch.files).toSorted()).to.deep.equal(files.toSorted())
    expect(new Set(batches.map(({ name }) => name)).size).to.equal(batches.length)
  })

  it('never share 127.0.0.1:8080, or dist/ while it is built: all that may use them follow one another', () => {
    const users = files.filter((file) => /^test\/(cli|local|run|setup)\//.test(file))
    const [first] = batches
    expect(first?.files).to.deep.equal(users.toSorted())
    expect(users).to.include('test/setup/pack.test.ts')
  })

  it('begin with what takes longest', () => {
    expect(batches.slice(1, 3).map(({ files: [file] }) => file)).to.deep.equal([
      'test/matrix/redis.test.ts',
      'test/matrix/sqlite.test.ts',
    ])
  })
})

describe('what a process of tests said', () => {
  const told = (lines: readonly string[], code: number | null) => {
    const transcript = new Transcript('test/some')
    const shown = lines.filter((line) => transcript.take(line))
    return { shown, ...transcript.end(code) }
  }

  it('is shown a line a file; failures wait, and its last line is its counts', () => {
    const lines = ['✓ test/a.test.ts  2 passed  3 ms', '✗ test/b.test.ts  1 passed, 1 FAILED  3 ms', '  1) breaks:']
    expect(told([...lines, '3 passed, 1 failed'], 1)).to.deep.equal({
      shown: lines.slice(0, 2),
      kept: ['  1) breaks:'],
      counts: { passed: 3, failed: 1 },
    })
  })

  it('counts a failure when it died, or said nothing', () => {
    for (const [lines, code, passed] of [
      [[], null, 0],
      [['✓ test/a.test.ts  2 passed  3 ms', 'out of memory'], 134, 0],
      [['2 passed, 0 failed'], 1, 2],
      [['2 passed, 0 failed', 'and then it died'], 1, 0],
    ] as const) {
      const { counts, kept } = told(lines, code)
      expect(counts, lines.join()).to.deep.equal({ passed, failed: 1 })
      expect(kept.at(-1)).to.match(/^failed: the tests of test\/some ended with (a signal|\d+) /)
    }
  })
})
