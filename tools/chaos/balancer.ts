import { connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  readonly socket: string
  close(): Promise<void>
}

/** One address before several ledgers: each connection goes to the next one that takes it, as a Service would do. */
export async function startBalancer(socket: string, ledgers: readonly string[]): Promise<Balancer> {
  const open = new Set<Socket>()
  let turn = 0
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    keep(near)
    turn += 1
    void join(near, turn)
  })

  function keep(end: Socket): void {
    open.add(end)
    end.once('close', () => open.delete(end))
  }

  async function join(near: Socket, from: number): Promise<void> {
    for (let tries = 0; tries < ledgers.length; tries += 1) {
      const path = ledgers[(from + tries) % ledgers.length] ?? ''
      const far = await connected(path)
      if (far === undefined) continue
      keep(far)
      tie(near, far)
      return
    }
    near.destroy()
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  return {
    socket,
    async close() {
      for (const end of open) end.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const far = connect({ path, allowHalfOpen: true })
    far.once('connect', () => resolve(far)).once('error', () => resolve(undefined))
  })
}

function tie(near: Socket, far: Socket): void {
  near.pipe(far).pipe(near)
  // What cuts one end cuts the other.
  near.on('error', () => far.destroy()).on('close', () => far.destroy())
  far.on('error', () => near.destroy()).on('close', () => near.destroy())
}
