import { type Clock, systemClock } from '../runtime/clock.ts'
import { type ListenAddress, startHttpServer } from '../runtime/http-server.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log } from '../runtime/log.ts'
import { systemTimers } from '../runtime/timers.ts'
import { type Controlled, control } from './control.ts'
import { Faults } from './faults.ts'
import { Holds } from './holds.ts'
import { serve } from './journey.ts'
import { openTruth, type Truth } from './truth.ts'
import type { Vendor } from './vendor.ts'
import { movableClock, type VendorClock } from './vendor-clock.ts'

export interface FakeVendorOptions {
  readonly listen: ListenAddress
  readonly control: ListenAddress
  /** Truth file; made where it is missing, continued where it exists. */
  readonly truthFile: string
  readonly log: Log
  readonly vendor: (clock: VendorClock) => Vendor
  /** Default: the machine's. */
  readonly clock?: Clock
}

export interface RunningVendor extends Running {
  /** Where apps or the ledger call the vendor, such as `http://127.0.0.1:12111`. */
  readonly url: string
  readonly controlUrl: string
  readonly truth: Truth
}

/** Starts one stand-in: its vendor port, its control port and its truth file. */
export async function startFakeVendor(options: FakeVendorOptions): Promise<RunningVendor> {
  const { log } = options
  const machineClock = options.clock ?? systemClock
  const clock = movableClock(machineClock)
  const truth = openTruth(options.truthFile, machineClock)
  const stage: Controlled = {
    vendor: options.vendor(clock),
    truth,
    faults: new Faults(),
    holds: new Holds(),
    timers: systemTimers,
    clock,
  }
  const calls = await startHttpServer({
    listen: options.listen,
    handler: (request, response) => {
      serve(stage, request, response).catch((fault) => {
        log.error({ err: fault }, 'a call failed inside the stand-in')
        response.destroy()
      })
    },
  })
  const controls = await startHttpServer({
    listen: options.control,
    handler: (request, response) => {
      control(stage, request, response).catch((fault) => {
        log.error({ err: fault }, 'a control request failed')
        response.destroy()
      })
    },
  })
  return {
    url: urlOf(calls.address),
    controlUrl: urlOf(controls.address),
    truth,
    async drain() {
      stage.faults.clear()
      stage.holds.clear('reset')
      // Calls that a fault left without an answer would otherwise keep their connections for ever.
      calls.server.closeAllConnections()
      controls.server.closeAllConnections()
      await Promise.all([calls.drain(), controls.drain()])
      truth.close()
      return 0
    },
  }
}

function urlOf(address: ListenAddress): string {
  return 'socketPath' in address ? `unix:${address.socketPath}` : `http://${address.host}:${address.port}`
}
