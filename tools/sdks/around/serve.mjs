import { createInterface } from 'node:readline'

/**
 * Answers each JSON line `{call, with}` of standard input with what the app saw of that call. `statusOf` and `codeOf`
 * read what this SDK's exceptions carry. At the end of the input the process ends at once: after a repeat stripe-node
 * leaves the failed answer unread, and its 80 s time-out would keep the process alive.
 */
export async function serve(calls, { statusOf, codeOf = ({ code }) => code ?? null }) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, with: args } = JSON.parse(line)
    const told = await calls[call](args).then(
      (value) => ({ ok: true, value }),
      (fault) => ({
        ok: false,
        error: {
          class: fault.constructor.name,
          code: codeOf(fault),
          status: statusOf(fault) ?? null,
          message: fault.message,
        },
      }),
    )
    process.stdout.write(`${JSON.stringify(told)}\n`)
  }
  process.exit(0)
}
