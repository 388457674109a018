/** Runs one Pod with a shell script and prints its log: see runner.test.ts. Arguments: isolation level, script. */
import type { IsolationLevel } from '../../local/namespaces/sandbox.ts'
import { systemTerminal } from '../../runtime/terminal.ts'
import { openTestMachine, shellJob, startManifest } from './machine.ts'

const [, , level, script = ''] = process.argv
const opened = await openTestMachine(level as IsolationLevel)
if (opened === undefined) throw new Error(`isolation ${level} is not possible on this machine`)
const onEvent = (event: { type: string; line?: string }) => {
  if (event.type === 'log') systemTerminal.out(`${event.line}\n`)
}
await startManifest(opened.machine, shellJob(script), { onEvent }).run.result
