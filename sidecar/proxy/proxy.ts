import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refusal } from '../../contract/refusals.ts'
import { BEGIN_ROUTE } from '../../contract/routes.ts'
import { bytesToHold } from '../../runtime/body-room.ts'
import { isRefusal, recogniserOf } from '../../vendors/registry/identity.ts'
import { ISSUED_PATH } from '../issuer/tell-proxy.ts'
import { Leaving } from '../leaving.ts'
import { type AppExchange, AppLeft, refuse } from './app-exchange.ts'
import { begin } from './begin.ts'
import { carryCall } from './call.ts'
import type { ProxyConfig } from './config.ts'
import { FirstCredential } from './credentials.ts'
import type { SidecarEffects } from './effects.ts'
import type { ConnectionWatch } from './evidence/connection-watch.ts'
import { farewell } from './farewell.ts'
import { forwardedHeaders, headProblem } from './headers.ts'
import { laneOf, ledgerPath, unnumberedHeaders } from './outgoing.ts'
import { type Pod, startPod } from './pod.ts'
import { RunRefusals } from './run-refusals.ts'
import { createAppServer, refuseRaw } from './server.ts'
import { readTarget } from './target.ts'

/** Calls that come before the issuer's credential wait for it so long. */
const CREDENTIAL_WAIT_MS = 20_000

/** The sidecar of one Pod, serving on whatever is made to listen. */
export class Proxy {
  readonly #effects: SidecarEffects
  readonly #config: ProxyConfig
  /** Resolves when calls can be carried. Rejects when the memory volume cannot be used. */
  readonly started: Promise<Pod>
  readonly #firstCredential: FirstCredential
  #pod: Pod | null = null
  #fault: unknown

  constructor(effects: SidecarEffects, config: ProxyConfig) {
    this.#effects = effects
    this.#config = config
    this.#firstCredential = new FirstCredential(effects, config)
    this.started = startPod(effects, config, this.#firstCredential).then(
      (pod) => {
        this.#pod = pod
        return pod
      },
      (fault: unknown) => {
        this.#fault = fault
        effects.log.fatal({ err: fault }, 'the memory volume cannot be used; every call is refused')
        throw fault
      },
    )
    this.started.catch(() => {})
  }

  /** A server for the main port, or for a vendor's own. */
  serverFor(portVendor?: string): Server {
    return createAppServer({
      onRequest: (request, response, watch) => void this.#serve(appExchange(request, response, watch), portVendor),
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, { head, portVendor }),
    })
  }

  /** Hands in what is known and lets calls end. Resolves to the exit code. */
  async farewell(): Promise<number> {
    if (this.#pod !== null) return farewell(this.#pod, this.#config.drainMs)
    // Ended while starting: what an earlier start of this sidecar has learnt holds all the same.
    return (await RunRefusals.open(this.#effects, this.#config)).exitCode
  }

  /** Never rejects: what goes wrong is the app's answer, or the end of its connection. */
  async #serve(app: AppExchange, portVendor: string | undefined): Promise<void> {
    try {
      const problem = headProblem(app.request)
      if (problem !== null) return refuse(app, problem)
      const path = app.request.url?.split('?')[0]
      if (path === ISSUED_PATH) return await this.#serveIssued(app)
      const pod = this.#pod ?? (await this.#podOrRefuse(app))
      if (pod === null) return
      if (path === BEGIN_ROUTE) return await serveBegin(pod, app)
      if (path?.startsWith('/_jobcap/')) return refuse(app, refusal('route_not_ours'))
      await carry(pod, app, portVendor)
    } catch (fault) {
      if (!(fault instanceof AppLeft)) this.#effects.log.error({ err: fault }, 'a call was cut')
      app.response.destroy()
    }
  }

  /** At the issuer's word that its file is there, or anybody's. False when there is none, or the volume cannot be used. */
  async takeIssued(): Promise<boolean> {
    if (!(await this.#firstCredential.look())) return false
    const pod = await this.started.catch(() => null)
    await pod?.credentials.takeIssued()
    return pod !== null
  }

  async #serveIssued(app: AppExchange): Promise<void> {
    if (app.request.method !== 'POST' || !(await this.takeIssued())) return refuse(app, refusal('route_not_ours'))
    answerJson(app, { status: 'ok' })
  }

  async #podOrRefuse(app: AppExchange): Promise<Pod | null> {
    const late = new Promise<null>((resolve) => this.#effects.timers.after(CREDENTIAL_WAIT_MS, () => resolve(null)))
    const pod = this.#fault === undefined ? await Promise.race([this.started.catch(() => null), late]) : null
    if (pod === null)
      refuse(app, refusal('ledger_unreachable', 'The sidecar has no Pod credential yet. Nothing was sent.'))
    return pod
  }

  /** Only what is free may change its protocol: nobody could price what follows. */
  #upgrade(
    request: IncomingMessage,
    socket: Socket,
    { head, portVendor }: { head: Buffer; portVendor: string | undefined },
  ): void {
    const pod = this.#pod
    const problem = headProblem(request)
    if (problem !== null) return refuseRaw(socket, problem)
    if (pod === null) return refuseRaw(socket, refusal('ledger_unreachable'))
    const { sidecar, life } = pod.credentials.current
    const { url = '', headers, method = '' } = request
    const target = readTarget({ url, host: headers.host, portVendor }, sidecar.vendors)
    if (isRefusal(target)) return refuseRaw(socket, target)
    const text = {
      method,
      path: target.path,
      query: target.query,
      headers: headers as Record<string, string | undefined>,
      body: new Uint8Array(),
    }
    const identity = recogniserOf(target.terms.type)(text, target.terms, sidecar.appKeys)
    if (isRefusal(identity)) return refuseRaw(socket, identity)
    if (identity.kind !== 'read') {
      return refuseRaw(socket, refusal('request_malformed', 'A paid route cannot change its protocol.'))
    }
    const call = {
      target,
      text,
      identity,
      life,
      lane: laneOf(identity, target.terms.name),
      headers: forwardedHeaders(headers),
    }
    const passed = { path: ledgerPath(target), headers: unnumberedHeaders(pod, call), head }
    void this.#effects.passthrough.upgrade(request, socket, passed)
  }
}

function appExchange(request: IncomingMessage, response: ServerResponse, watch: ConnectionWatch): AppExchange {
  const gone = new Leaving()
  watch.requestArrived(response, () => gone.abort(new AppLeft()))
  return { request, response, watch, gone }
}

/** A call that has its place: behind a begin, and in the memory for large bodies. */
async function carry(pod: Pod, app: AppExchange, portVendor: string | undefined): Promise<void> {
  const { gate, effects, credentials } = pod
  while (gate.isShut) await gate.opened()
  gate.enter()
  const { maxBodyBytes } = credentials.current.sidecar
  const leaveRoom = await effects.bodies.enter(bytesToHold(app.request.headers, maxBodyBytes))
  try {
    await carryCall(pod, app, portVendor)
  } finally {
    leaveRoom()
    gate.leave()
  }
}

async function serveBegin(pod: Pod, app: AppExchange): Promise<void> {
  if (app.request.method !== 'POST') return refuse(app, refusal('route_not_ours', `Use POST for ${BEGIN_ROUTE}.`))
  app.request.resume()
  const begun = await begin(pod)
  if ('code' in begun) return refuse(app, begun)
  answerJson(app, begun)
}

function answerJson({ request, response }: AppExchange, value: object): void {
  request.resume()
  const body = JSON.stringify(value)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
