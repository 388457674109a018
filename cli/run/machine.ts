import { createServer } from 'node:net'
import { type Machine, openMachine, openStateFolder, stateFolderPath } from '../../local/run.ts'
import { type Context, oneOf, text, type Values } from '../command.ts'
import { Unavailable, UsageError } from '../faults.ts'

export interface LocalMachine {
  readonly machine: Machine
  readonly state: ReturnType<typeof openStateFolder>
}

/** This machine as the options want it, with its state folder. `masked`: folders of which an app sees nothing. */
export async function openLocalMachine(
  values: Values,
  { context, masked }: { readonly context: Context; readonly masked: readonly string[] },
): Promise<LocalMachine> {
  const network = oneOf(values, 'network', { choices: ['pod', 'host'] as const, fallback: 'pod' })
  const isolation = oneOf(values, 'isolation', { choices: ['root', 'user', 'none'] as const, fallback: undefined })
  const state = openState(stateFolderPath(text(values, 'state'), context.environment))
  const opening = await openMachine({
    ...{ state, network, masked },
    ...(isolation === undefined ? {} : { isolation }),
    clock: context.clock,
    timers: context.timers,
    random: context.random,
  })
  if (opening.kind === 'refused') throw new Unavailable(opening.problem)
  return { machine: opening.machine, state }
}

function openState(path: string): ReturnType<typeof openStateFolder> {
  try {
    return openStateFolder(path)
  } catch (fault) {
    throw new UsageError(
      `the state folder ${path} cannot be used (${(fault as Error).message}): name another with --state`,
    )
  }
}

/** Where Pods share this machine's network, the sidecar needs its ports here. Throws `Unavailable` when one is taken. */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const problem = await whyNotFree(port)
    if (problem === undefined) continue
    throw new Unavailable(
      `port ${port} of 127.0.0.1 is not free (${problem}), and without a network of their own the Pods' sidecar needs it: ` +
        'end what listens there, or run where Pods can have their own network',
    )
  }
}

function whyNotFree(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code ?? fault.message))
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(undefined)))
  })
}
