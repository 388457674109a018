import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Command, type Context, EXIT, type Options, type Values } from './command.ts'
import { entries } from './entries.ts'
import { readStartProblem } from './log-line.ts'

const OPTIONS: Options = {
  policy: { type: 'string', value: 'FILE', help: 'file with CapPolicy documents; read again when it changes' },
  store: {
    type: 'string',
    value: 'sqlite:PATH',
    help: 'file of the database, made at the first start; or redis://HOST:PORT',
  },
  listen: { type: 'string', multiple: true, value: 'ADDRESS', help: 'HOST:PORT or unix:PATH (default 127.0.0.1:8081)' },
  state: { type: 'string', value: 'DIR', help: "folder of the ledger's own keys and the operator token" },
  secrets: { type: 'string', value: 'DIR', help: "the vendors' real secrets, DIR/<name>/<key>; else the environment" },
  'tls-cert': { type: 'string', value: 'FILE', help: 'PEM certificate: serve HTTPS' },
  'tls-key': { type: 'string', value: 'FILE', help: 'its private key' },
  'vendor-proxy': {
    type: 'string',
    value: 'URL',
    help: 'outgoing proxy for vendors over https; with a password: JOBCAP_LEDGER_VENDOR_PROXY',
  },
  'vendor-proxy-except': {
    type: 'string',
    multiple: true,
    value: 'HOST',
    help: 'reached without it, as is every host below it',
  },
  restored: { type: 'boolean', help: 'the store was put back from a copy: runs end, day caps count as spent' },
  'redis-password-file': {
    type: 'string',
    value: 'FILE',
    help: 'else JOBCAP_LEDGER_REDIS_PASSWORD of the environment',
  },
  'redis-ca': { type: 'string', value: 'FILE', help: "PEM authority of Redis' certificate, for rediss://" },
  journal: { type: 'string', value: 'DIR', help: "this replica's own journal, on a disk of its own; for Redis" },
  waive: {
    type: 'string',
    multiple: true,
    value: 'WORD',
    help: 'serve on a Redis without it: journal, tls, appendonly or appendfsync',
  },
  'give-up': {
    type: 'string',
    multiple: true,
    value: 'REPLICA',
    help: 'for one start: the journal of this replica is lost, and not waited for',
  },
  initialise: {
    type: 'boolean',
    help: 'for one start: an empty Redis is to be a new store; of spending before, only journals know',
  },
  'log-level': { type: 'string', value: 'LEVEL', help: 'debug, info, warn, error or silent (default info)' },
  'vendor-deadline-ms': { type: 'string', value: 'MS', help: 'how long a vendor may be silent (default 80000)' },
  'model-deadline-ms': { type: 'string', value: 'MS', help: 'the same for language models (default 600000)' },
  'repair-every-ms': { type: 'string', value: 'MS', help: 'how often unresolved calls are taken up (default 5000)' },
}

export const ledgerCommand: Command = {
  name: 'ledger',
  summary: 'run the ledger alone, for clients with a vault key and a key of their own',
  usage: '--policy FILE --store sqlite:PATH|redis://HOST:PORT --state DIR [--listen ADDRESS]',
  options: OPTIONS,
  examples: [
    [
      'jobcap ledger --policy policy.yaml --store sqlite:./ledger.db --state ./state --secrets ./secrets',
      'serve on 127.0.0.1:8081 until Ctrl-C',
    ],
  ],
  run: (values, _words, context) => runLedger(asArguments(values), context),
}

/** The ledger is a process of its own; this one passes signals and its log on, says why it did not start, and ends as it does. */
function runLedger(args: readonly string[], { environment, interrupted, terminal }: Context): Promise<number> {
  const child = spawn(process.execPath, [entries().ledger, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...environment },
  })
  let problem: string | undefined
  createInterface({ input: child.stderr }).on('line', (line) => {
    terminal.err(`${line}\n`)
    problem ??= readStartProblem(line)
  })
  // It may have been told itself, by Ctrl-C or by its service; a SIGTERM would then be a second one, and cut its calls off.
  const stop = () => child.kill('SIGHUP')
  if (interrupted.aborted) stop()
  interrupted.addEventListener('abort', stop, { once: true })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (problem !== undefined) terminal.err(`jobcap ledger: ${problem}\n`)
      resolve(code ?? EXIT.interrupted)
    })
  })
}

function asArguments(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`]
    return [value].flat().flatMap((one) => (typeof one === 'string' ? [`--${name}`, one] : []))
  })
}
