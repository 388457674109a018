import { expect } from 'chai'
import type { HeldCall } from '../../fake-vendors/holds.ts'
import { type Chance, chanceOf, SEED } from '../vendors/chance.ts'
import { newJob, type PathJob } from './job.ts'
import { Locks } from './locks.ts'
import type { PathPod } from './pod.ts'
import { type Child, World } from './world.ts'

const INDEXES = 4
const CALLS = 6
const KILLS = 6
const VICTIMS = ['app', 'sidecar', 'pod', 'ledger', 'ledger and sidecar', 'nobody'] as const

interface Charge {
  readonly customer: string
  readonly cents: number
}

describe('random kills at moments when an effect has happened and its answer has not arrived', function () {
  this.timeout(120_000)
  let world: World
  before(async () => {
    world = await World.start('--repair-every-ms', '300')
  })
  after(() => world.stop())

  it(`every call of every index exactly once, under a cap that is exactly enough (SEED=${SEED})`, async () => {
    const walk = new Walk(world, SEED)
    try {
      await walk.run()
      await walk.judge()
    } catch (fault) {
      const again = `SEED=${SEED} npx mocha test/path/random.test.ts`
      throw new Error(`again with: ${again}\n${walk.story.join('\n')}`, { cause: fault })
    }
  })
})

/** An Indexed Job whose Pods are replaced until all have done their work, while parts are killed. */
class Walk {
  /** What was killed, in order. */
  readonly story: string[] = []
  readonly #world: World
  readonly #job: PathJob
  readonly #chance: Chance
  readonly #work: readonly (readonly Charge[])[]
  readonly #pods: PathPod[] = []
  readonly #apps: Child[] = []
  readonly #locks = new Locks()
  #sidecarKills = 0

  constructor(world: World, seed: number) {
    this.#world = world
    this.#chance = chanceOf(seed)
    const name = 'nightly'
    this.#work = Array.from({ length: INDEXES }, (_, index) =>
      Array.from({ length: CALLS }, () => ({
        // Few customers and amounts, so that some calls are identical.
        customer: `cus_${name}_${index}_${this.#chance.below(2)}`,
        cents: 100 * (1 + this.#chance.below(2)),
      })),
    )
    const cents = this.#work.flat().reduce((sum, charge) => sum + charge.cents, 0)
    this.#job = newJob(world, { capUsd: (cents / 100).toFixed(2) }, name)
  }

  async run(): Promise<void> {
    const finished = new AbortController()
    const indexes = Promise.all(this.#work.map((_, index) => this.#runIndex(index)))
    const killing = this.#killInMidCall(finished.signal)
    await Promise.race([indexes, killing.then(() => indexes)])
    finished.abort()
    await killing
  }

  /** Truth, record and accounts after the Job's end. */
  async judge(): Promise<void> {
    for (const pod of this.#pods) expect(await pod.endSidecar(), `${pod.name} at its end`).to.equal(0)
    const ended = await this.#job.end()
    const made = this.#job.effects().map(({ customer = '', amountMinor = 0 }) => `${customer} ${amountMinor}`)
    const intended = this.#work.flat().map(({ customer, cents }) => `${customer} ${cents}`)
    expect(made.toSorted()).to.deep.equal(intended.toSorted())
    await this.#job.expectSettled()
    expect(ended.closed, 'closed').to.equal(true)
    expect(ended.key.spent_usd).to.equal(ended.key.usd_cap)
    const closed = (await this.#job.audit()).findLast((event) => event.event === 'run.closed')
    // An answer that was read loses its evidence with the sidecar: then it counts as one that no Pod saw.
    expect(closed?.effectsNoPodSaw, 'effects that no Pod saw').to.be.at.most(this.#sidecarKills)
  }

  /** What a Job controller does for one index. */
  async #runIndex(index: number): Promise<void> {
    const client = index % 2 === 0 ? 'package' : 'plain'
    for (;;) {
      const pod = await this.#job.startPod({ index })
      const app = pod.startApp({ charges: this.#work[index], client, keepAlive: index < 2 })
      this.#pods[index] = pod
      this.#apps[index] = app
      const code = await app.ended
      if (code === 0) return
      this.story.push(`${pod.name}: the app ended with ${code}: ${app.log().trim()}`)
      await this.#locks.holding([`index ${index}`, 'ledger'], () => pod.lose())
    }
  }

  async #killInMidCall(finished: AbortSignal): Promise<void> {
    const { control } = this.#world.stripe
    for (let kill = 0; kill < KILLS && !finished.aborted; kill += 1) {
      await control.hold()
      const held = await control.nextHeld(finished).catch(() => undefined)
      if (held === undefined) break
      await this.#killAround(held)
    }
    await control.clearHolds()
  }

  async #killAround(held: HeldCall): Promise<void> {
    const { customer = '' } = held.truth
    const index = Number(customer.split('_')[2])
    const victim = this.#chance.pick(VICTIMS)
    const how = this.#chance.below(2) === 0 ? 'answer' : 'reset'
    this.story.push(`${customer} is charged: ${victim} killed, then the vendor's ${how}`)
    const pod = this.#pods[index]
    if (victim === 'app') this.#apps[index]?.process.kill('SIGKILL')
    if (victim === 'pod') await pod?.killAll()
    if (victim.includes('ledger')) await this.#locks.holding(['ledger'], () => this.#world.restartLedger())
    if (victim.includes('sidecar')) {
      this.#sidecarKills += 1
      await this.#locks.holding([`index ${index}`], async () => {
        if (this.#pods[index] === pod && pod?.isLost === false) await pod.restartSidecar()
      })
    }
    await this.#world.stripe.control.release(held.id, how)
  }
}
