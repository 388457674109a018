import { expect } from 'chai'
import type { Context } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands.ts'
import { dispatch } from '../../cli/dispatch.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'

async function jobcap(line: string, environment: Readonly<Record<string, string>> = {}) {
  const said = { out: '', err: '' }
  const context: Context = {
    terminal: {
      isInteractive: false,
      columns: 80,
      out: (text) => {
        said.out += text
      },
      err: (text) => {
        said.err += text
      },
      onGone: () => {},
    },
    environment: { HOME: '/nowhere', ...environment },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    interrupted: new AbortController().signal,
  }
  const words = line === '' ? [] : line.split(' ').map((word) => STANDS_FOR[word] ?? word)
  const code = await dispatch(COMMANDS, words, context)
  return { ...said, code }
}

/** Words that a line cannot hold as they are. */
const STANDS_FOR: Readonly<Record<string, string>> = { "''": '', FILE: import.meta.filename }
const WRONG: readonly (readonly [line: string, code: number, says: RegExp])[] = [
  ['frobnicate', 2, /there is no command "frobnicate"\. There are: run, explain/],
  ['keys', 2, /There are: keys list, keys create, keys revoke, keys raise$/m],
  ['keys frob', 2, /there is no command "keys frob"/],
  ['help frobnicate', 2, /there is no command "frobnicate"\./],
  ['run --frob', 2, /^jobcap run: Unknown option '--frob'\n {2}See: jobcap run --help\n$/],
  ['run job.yaml', 2, /"job\.yaml" is one word too many; a file is given with -f job\.yaml/],
  ['run -f', 2, /'-f, --file <value>' argument missing/],
  ["run -f ''", 2, /--file is empty/],
  ['run -f a -f b', 2, /--file is there twice/],
  ['keys list all', 2, /"all" is one word too many/],
  ['keys create', 2, /--vendor is missing/],
  ['keys create --vendor stripe --cap-usd -5', 2, /--cap-usd/],
  ['keys create --vendor stripe --cap-usd=-5', 2, /--cap-usd -5 is not dollars/],
  ['keys raise', 2, /KEY_ID is missing/],
  ['keys raise key_1', 2, /say the new cap/],
  ['keys raise key_1 --cap-usd 1e3', 2, /--cap-usd 1e3 is not dollars such as 5\.00/],
  ['keys revoke', 2, /KEY_ID is missing/],
  ['calls resolve', 2, /CALL_ID is missing/],
  ['calls resolve call_1', 2, /say --effect or --no-effect/],
  ['calls resolve call_1 --effect', 2, /--spent-usd is missing/],
  ['calls resolve call_1 --effect --no-effect', 2, /say --effect or --no-effect/],
  ['calls resolve call_1 --no-effect --spent-usd 1', 2, /--spent-usd goes with --effect/],
  ['audit --index seven', 2, /--index must be a whole number/],
  ['audit --from yesterday', 2, /--from yesterday is not a moment such as 2026-11-22/],
  ['audit --to 2026-13-40', 2, /--to 2026-13-40 is not a moment/],
  ['explain -o xml', 2, /--output must be one of text, json, yaml, not xml/],
  ['explain --json -o yaml', 2, /give --json or --output, not both/],
  ['completion tcsh', 2, /there is no completion for tcsh: bash, zsh or fish/],
  ['keys list --state a --ledger http://a', 2, /name two ledgers; give one of them/],
  ['keys list --ledger http://127.0.0.1:9', 2, /--ledger needs --token-file/],
  ['keys list --ledger nonsense --token-file FILE', 2, /--ledger nonsense must be http:\/\/HOST:PORT/],
  ['keys list --ledger http://127.0.0.1:9 --token-file /nowhere', 2, /\/nowhere is not there/],
  ['keys list --ledger http://127.0.0.1:9 --token-file /', 2, /\/ is a folder, not a file/],
  ['keys list --ledger http://127.0.0.1:9 --token-file FILE', 2, /does not hold an operator token/],
  ['keys list --state /nowhere', 69, /no ledger has ever run in \/nowhere\/ledger: name another folder with --state/],
  [`keys list --state /${'x'.repeat(120)}`, 2, /too long a path for a Unix socket/],
]

describe('the words of a command line', () => {
  for (const [line, code, says] of WRONG) {
    it(`exits ${code}: jobcap ${line.slice(0, 80)}`, async () => {
      const said = await jobcap(line)
      expect([said.code, said.out], said.err).to.deep.equal([code, ''])
      expect(said.err).to.match(says)
      expect(said.err).not.to.match(/\n {4}at /)
    })
  }

  it('takes the ledger of the environment, unless a state folder is named', async () => {
    const environment = { JOBCAP_LEDGER: 'http://127.0.0.1:9' }
    expect((await jobcap('keys list', environment)).err).to.match(/--ledger needs --token-file/)
    expect((await jobcap('keys list --state /nowhere', environment)).code).to.equal(69)
  })

  it('prints the version, for machines too', async () => {
    expect((await jobcap('--version')).out).to.match(/^jobcap \d+\.\d+\.\d+\n$/)
    expect(JSON.parse((await jobcap('version --json')).out)).to.have.keys('version')
  })
})

describe('the help', () => {
  for (const line of ['', 'help', '--help', '-h']) {
    it(`lists every command: jobcap ${line}`, async () => {
      const { out, code } = await jobcap(line)
      expect(code).to.equal(0)
      for (const { name } of COMMANDS) expect(out).to.include(`  jobcap ${name} `)
    })
  }

  it('lists the commands of a group', async () => {
    const { out } = await jobcap('keys --help')
    expect(out.match(/^ {2}jobcap \w+ \w+/gm)).to.have.length(4)
  })

  for (const { name, summary, options, examples } of COMMANDS) {
    describe(`of ${name}`, () => {
      it('is the same by help and by --help, and says each option', async () => {
        const { out, code } = await jobcap(`help ${name}`)
        expect(code).to.equal(0)
        expect(out).to.equal((await jobcap(`${name} -h`)).out)
        for (const option of Object.keys(options)) expect(out).to.include(`--${option}`)
      })

      it('is in the imperative, in lower case, without a full stop', () => {
        const sentences = [summary, ...examples.map(([, does]) => does)]
        for (const sentence of sentences) expect(sentence).to.match(/^(?!\w+(?<!ss)s )[a-z].*[^.]$/)
      })

      it('has examples that it takes', async () => {
        expect(examples).not.to.deep.equal([])
        for (const [example] of examples) {
          const line = /jobcap ([^|>)]+)/.exec(example)?.[1]?.trim() ?? expect.fail(example)
          const words = line.replaceAll(/"[^"]*"/g, 'TEXT')
          expect(words.startsWith(name), example).to.equal(true)
          const said = await jobcap(`${words} --frob`)
          expect(said.err, example).to.match(/^jobcap .*: Unknown option '--frob'/)
        }
      })
    })
  }
})
