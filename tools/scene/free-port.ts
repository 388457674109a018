import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Ports of loopback that nobody listened on a moment ago, for programs that cannot say which one the kernel gave them. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is there, so that no two are the same.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
