import { formatUsd, type UsdMicros } from '../../contract/money.ts'
import { whyNoRedis } from '../../test/redis/redis-server.ts'
import { Progress } from '../scene/progress.ts'
import { planOf } from './plan.ts'
import { playRound, type Round, type StoreKind } from './round.ts'

const KILLS_A_ROUND = 10

interface Asked {
  readonly rounds: number
  readonly seed: number
  readonly store: StoreKind
}

/** What the last line says; see the design's Commands. */
interface Outcome {
  readonly rounds: number
  readonly calls: number
  readonly kills: number
  readonly intended: number
  readonly charged: number
  readonly duplicates: number
  readonly missed: number
  readonly over_cap_usd: string
  readonly audit_missing: number
  readonly seconds: number
}

/** Plays round after round, each under a seed of its own. Resolves to the exit code. */
async function main(): Promise<number> {
  const startedAtMs = performance.now()
  const asked = readAsked(process.env)
  if (typeof asked === 'string') {
    process.stderr.write(`make chaos: ${asked}\n`)
    return 2
  }
  const { rounds: count, seed: firstSeed, store } = asked
  const progress = new Progress()
  const rounds: Round[] = []
  let isBroken = false
  const interrupted = new Promise<never>((_resolve, reject) => {
    // Once each: a second Ctrl-C ends it at once.
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.once(name, () => reject(new Error(`ended by ${name}`)))
  })
  for (let number = 0; number < count && !isBroken; number += 1) {
    const seed = firstSeed + number
    progress.title(`round ${number + 1} of ${count} on ${store}, seed ${seed}`)
    const plan = planOf(seed, { hasRedis: store === 'redis' })
    const again = `Again: make chaos ROUNDS=1 SEED=${seed} STORE=${store}`
    const setting = { store, progress, interrupted, isBroken: (one: Round) => brokenPromises(one).length > 0 }
    const round = await playRound(plan, setting).catch((fault: Error) => {
      throw new Error(`${fault.message}\n${again}`, { cause: fault })
    })
    rounds.push(round)
    tell(round, progress)
    isBroken = brokenPromises(round).length > 0
    if (isBroken) progress.step(again)
  }
  const seconds = Math.round((performance.now() - startedAtMs) / 1000)
  process.stdout.write(`\nchaos ${JSON.stringify(outcomeOf(rounds, seconds))}\n`)
  return isBroken ? 1 : 0
}

/** A sentence where something cannot be understood. */
function readAsked(environment: NodeJS.ProcessEnv): Asked | string {
  const { ROUNDS = '', SEED = '', STORE = '' } = environment
  const rounds = ROUNDS === '' ? 3 : Number(ROUNDS)
  if (!Number.isSafeInteger(rounds) || rounds < 1) return `ROUNDS=${ROUNDS} is not a number of rounds`
  const seed = SEED === '' ? Math.floor(Math.random() * 2 ** 31) : Number(SEED)
  if (!Number.isSafeInteger(seed)) return `SEED=${SEED} is not a whole number`
  const store = STORE === '' ? 'redis' : STORE
  if (store !== 'redis' && store !== 'sqlite') return `STORE=${STORE} is neither redis nor sqlite`
  const reason = store === 'redis' ? whyNoRedis() : undefined
  return reason ?? { rounds, seed, store }
}

function tell(round: Round, progress: Progress): void {
  for (const blow of round.story) progress.step(blow)
  const { charged, intended, calls, pods, kills, stops, condition } = round
  progress.step(`Job ${condition}: ${charged} of ${intended} charged in ${calls} calls, ${pods} Pods`)
  progress.step(`${kills} kills, ${stops} stops; $${round.spentUsd} spent, $${round.reservedUsd} reserved`)
  for (const promise of brokenPromises(round)) progress.step(`BROKEN: ${promise}`)
  for (const wrong of round.cases) progress.step(`  ${wrong}`)
}

function brokenPromises(round: Round): string[] {
  const spentUsd = formatUsd(round.spentMicros as UsdMicros)
  const promises: readonly (readonly [boolean, string])[] = [
    [round.duplicates === 0, `${round.duplicates} charges were made twice`],
    [round.missed === 0, `${round.missed} charges were not made`],
    [overCapMicros(round) === 0, `the cap was passed by $${formatUsd(overCapMicros(round) as UsdMicros)}`],
    [round.auditMissing === 0, `${round.auditMissing} charges are missing from the record`],
    [round.auditExtra === 0, `${round.auditExtra} charges of the record never happened`],
    [round.reservedUsd === '0.00', `$${round.reservedUsd} is still reserved`],
    [round.spentUsd === spentUsd, `the accounts say $${round.spentUsd} spent, the vendor's truth $${spentUsd}`],
    [round.condition.startsWith('Complete'), `the Job ended ${round.condition}`],
    [round.kills >= KILLS_A_ROUND, `only ${round.kills} of ${KILLS_A_ROUND} kills met somebody`],
  ]
  const broken = promises.filter(([holds]) => !holds).map(([, sentence]) => sentence)
  return broken.length === 0 ? [] : [...broken, `files: ${round.folder}`]
}

function overCapMicros({ spentMicros, capMicros }: Round): number {
  return Math.max(0, spentMicros - capMicros)
}

function outcomeOf(rounds: readonly Round[], seconds: number): Outcome {
  const sum = (figure: (round: Round) => number) => rounds.reduce((total, round) => total + figure(round), 0)
  return {
    rounds: rounds.length,
    calls: sum(({ calls }) => calls),
    kills: sum(({ kills }) => kills),
    intended: sum(({ intended }) => intended),
    charged: sum(({ charged }) => charged),
    duplicates: sum(({ duplicates }) => duplicates),
    missed: sum(({ missed }) => missed),
    over_cap_usd: formatUsd(sum(overCapMicros) as UsdMicros),
    audit_missing: sum(({ auditMissing }) => auditMissing),
    seconds,
  }
}

process.exitCode = await main().catch((fault: Error) => {
  process.stderr.write(`\nchaos failed: ${fault.message}\n`)
  return 1
})
