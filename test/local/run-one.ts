/** Runs one Pod whose processes sleep for the given number of seconds, until it is killed: see runner.test.ts. */
import { systemTerminal } from '../../runtime/terminal.ts'
import { openTestMachine, shellJob, startManifest } from './machine.ts'

const seconds = process.argv[2] ?? '60'
const opened = await openTestMachine()
if (opened === undefined) throw new Error('this machine allows no Pods at all')
const script = `(setsid sleep ${seconds} &); sleep ${seconds} & echo up; wait`
const test = startManifest(opened.machine, shellJob(script))
await test.seen((event) => event.type === 'log')
systemTerminal.out('up\n')
await test.run.result
