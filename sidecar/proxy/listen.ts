import type { Server } from 'node:http'
import type { SidecarEffects } from './effects.ts'

const RETRY_MS = 500

/** Loopback only: `localhost` is often ::1 first. */
const LOOPBACK = ['127.0.0.1', '::1'] as const

/** Listens on one port of both loopback addresses. A port that is taken is tried again: leaving during start-up could keep the Pod from ever starting. */
export async function listenOnLoopback(effects: SidecarEffects, port: number, make: () => Server): Promise<void> {
  await Promise.all(LOOPBACK.map((host) => listen(effects, make(), { host, port })))
}

/** Resolves once it listens, or when the machine does not have the address. */
async function listen(effects: SidecarEffects, server: Server, place: { host: string; port: number }): Promise<void> {
  for (let hasSaid = false; ; hasSaid = true) {
    const code = await tryListen(server, place)
    if (code === null) return
    if (code !== 'EADDRINUSE') {
      effects.log.warn({ ...place, code }, 'not listening here')
      return
    }
    if (!hasSaid) effects.log.error(place, 'the port is taken; trying again and again')
    await effects.timers.sleep(RETRY_MS)
  }
}

function tryListen(server: Server, { host, port }: { host: string; port: number }): Promise<string | null> {
  return new Promise((resolve) => {
    const onError = (fault: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      resolve(fault.code ?? fault.message)
    }
    const onListening = () => {
      server.off('error', onError)
      resolve(null)
    }
    server.once('error', onError).once('listening', onListening)
    server.listen({ host, port, ipv6Only: true })
  })
}
