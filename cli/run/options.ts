import type { Options } from '../command.ts'

export const OPTIONS: Options = {
  file: { type: 'string', short: 'f', value: 'FILE', help: 'manifest with Jobs or CronJobs; - reads standard input' },
  policy: { type: 'string', value: 'FILE', help: 'file with CapPolicy documents' },
  name: { type: 'string', value: 'NAME', help: 'only the Job or CronJob of this name' },
  continue: { type: 'string', value: 'RUN', help: 'continue an earlier run: UID or name of a Job of it' },
  annotate: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'set an annotation on the Jobs' },
  secrets: { type: 'string', value: 'DIR', help: "the vendors' real secrets, DIR/<name>/<key>; else the environment" },
  state: { type: 'string', value: 'DIR', help: 'state folder (default $XDG_STATE_HOME/jobcap)' },
  network: { type: 'string', value: 'pod|host', help: "host: this machine's network, one Pod at a time (default pod)" },
  isolation: { type: 'string', value: 'LEVEL', help: 'root, user or none (default: the strongest that works)' },
  ledger: {
    type: 'string',
    value: 'unix:PATH',
    help: "a ledger that runs already; its socket's folder, and --secrets, are hidden from apps. Else one is started here",
  },
  'token-file': { type: 'string', value: 'FILE', help: 'operator token of --ledger' },
  'pod-token-key': { type: 'string', value: 'FILE', help: 'key of --ledger for local Pod tokens' },
  json: { type: 'boolean', help: 'print one JSON event a line' },
}
