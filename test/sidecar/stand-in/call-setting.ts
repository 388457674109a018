import { expect } from 'chai'
import { AppConnection } from './app.ts'
import { type Arrived, StandInLedger } from './ledger.ts'
import { SidecarUnderTest } from './sidecar.ts'

export const form = (amount: number, customer = 'cus_1', more = '') =>
  `amount=${amount}&currency=usd&customer=${customer}${more}`

/** Apps, a sidecar of this process, and a ledger that stands in; all closed after each test. */
export class CallSetting {
  readonly ledger: StandInLedger
  sidecar!: SidecarUnderTest
  port = 0
  /** Calls that have come to a ledger that holds them. */
  readonly held: Arrived[] = []
  readonly apps: AppConnection[] = []

  private constructor(ledger: StandInLedger) {
    this.ledger = ledger
  }

  static async make(): Promise<CallSetting> {
    return new CallSetting(await StandInLedger.start())
  }

  async start(effects: Parameters<typeof SidecarUnderTest.start>[1] = {}): Promise<void> {
    this.sidecar = await SidecarUnderTest.start(this.ledger, effects)
    this.port = await this.sidecar.listen()
    await this.sidecar.proxy.started
  }

  async open(): Promise<AppConnection> {
    const app = await AppConnection.open(this.port)
    this.apps.push(app)
    return app
  }

  /** From here on the ledger answers only when a test does it for it. */
  hold(): void {
    this.ledger.onCall = (call) => this.held.push(call)
  }

  nth(at: number): Arrived {
    return this.held[at] ?? expect.fail(`call ${at} has not come`)
  }

  async close(): Promise<void> {
    for (const app of this.apps) app.socket.destroy()
    this.sidecar.close()
    await this.ledger.close()
  }
}
