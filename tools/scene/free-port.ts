import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that Linux gives to connections that go out (32768 on), so that none of them takes one before its program does. */
const FIRST_PORT = 15_000
const PORT_COUNT = 15_000
/** Test processes that run side by side have a part of them each: tools/test/main.ts says which. */
const LANES = 8
const lane = process.env['PORT_LANE']
const [firstPort, portCount] =
  lane === undefined
    ? [FIRST_PORT, PORT_COUNT]
    : [FIRST_PORT + (Number(lane) % LANES) * (PORT_COUNT / LANES), PORT_COUNT / LANES]

/** A program may start long after it was given its port, and by then another asks for one. */
const given = new Set<number>()

/** Ports of loopback that nobody listens on, for programs that cannot say which one the kernel gave them. Each is given once. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + randomInt(portCount)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  await new Promise((resolve) => server.close(resolve))
  return true
}
