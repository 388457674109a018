import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import type { Context } from '../../cli/command.ts'
import { COMMANDS } from '../../cli/commands.ts'
import { completionCommand } from '../../cli/completion/command.ts'
import { skip } from '../../tools/test/skip.ts'

async function script(shell: string): Promise<string> {
  let printed = ''
  const terminal = {
    out: (text: string) => {
      printed += text
    },
  }
  await completionCommand(() => COMMANDS).run({}, [shell], { terminal } as unknown as Context)
  return printed
}

function runShell(shell: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(shell, args, { input, encoding: 'utf8' })
  expect([status, stderr]).to.deep.equal([0, ''])
  return stdout.trim()
}

const isThere = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
const skipWithout = (context: Mocha.Context, shell: string) => {
  if (!isThere(shell)) skip(context, `${shell} is not on this machine`)
}

/** What is typed, the cursor at its end, and what Tab offers. */
const TYPED: readonly (readonly [line: string, offers: string])[] = [
  ['jobcap k', 'keys'],
  ['jobcap keys ra', 'raise'],
  ['jobcap keys ', 'list create revoke raise'],
  ['jobcap run --pol', '--policy'],
  ['jobcap keys create --c', '--ca-file --cap-usd'],
  ['jobcap run -f package.j', 'package.json'],
  ['jobcap run --policy tsconf', 'tsconfig.json'],
  ['jobcap comp', 'completion'],
  ['jobcap keys list x', ''],
]

describe('completion', () => {
  it('for bash is a script that bash takes', async function () {
    skipWithout(this, 'bash')
    runShell('bash', ['-n'], await script('bash'))
  })

  for (const [line, offers] of TYPED) {
    it(`in bash offers "${offers}" after "${line}"`, async function () {
      skipWithout(this, 'bash')
      const words = line.split(' ').map((word) => `'${word}'`)
      const ask = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _jobcap; echo "\${COMPREPLY[@]}"`
      expect(runShell('bash', ['--norc'], `${await script('bash')}\n${ask}\n`)).to.equal(offers)
    })
  }

  it('for zsh is a script that zsh takes', async function () {
    skipWithout(this, 'zsh')
    runShell('zsh', ['-n'], await script('zsh'))
  })

  it('for fish is a script that fish takes, and offers commands, second words and options', async function () {
    skipWithout(this, 'fish')
    const text = await script('fish')
    runShell('fish', ['--no-execute'], text)
    const offered = (line: string) => runShell('fish', ['--no-config'], `${text}\ncomplete -C '${line}'\n`)
    expect(offered('jobcap k')).to.match(/^keys/)
    expect(offered('jobcap keys ra')).to.match(/^raise/)
    expect(offered('jobcap run --pol')).to.match(/^--policy/)
  })
})
