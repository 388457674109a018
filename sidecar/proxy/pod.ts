import type { ExchangeAnswer } from '../../contract/exchange.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../exchange.ts'
import type { ProxyConfig } from './config.ts'
import { Credentials, type FirstCredential } from './credentials.ts'
import { DeliveryFile } from './delivery-file.ts'
import { factOf } from './delivery-lines.ts'
import type { SidecarEffects } from './effects.ts'
import { ReceiveQueues } from './evidence/receive-queues.ts'
import { Gate } from './gate.ts'
import { OpenLlmCalls } from './open-llm-calls.ts'
import { type Ords, startOrds } from './ords.ts'
import { RunRefusals } from './run-refusals.ts'
import { SeenFacts } from './seen-facts.ts'
import { SeenReports } from './seen-reports.ts'
import { TurnKeeper } from './turn-keeper.ts'
import { UnreadAnswers } from './unread-answers.ts'

/** What the sidecar knows of its Pod and of the calls that are out. One of each per process. */
export interface Pod {
  readonly effects: SidecarEffects
  readonly credentials: Credentials
  readonly ords: Ords
  readonly facts: SeenFacts
  readonly reports: SeenReports
  readonly deliveries: DeliveryFile
  readonly refusals: RunRefusals
  /** Numbered calls by their core or content; named ones by their key, which need no evidence. */
  readonly turns: TurnKeeper
  readonly namedTurns: TurnKeeper
  readonly openLlmCalls: OpenLlmCalls
  readonly unread: UnreadAnswers
  readonly queues: ReceiveQueues
  readonly gate: Gate
  /** Names a call within this process. */
  nextId(): number
  /** From now on the evidence of every answer is looked for, waited for or not. */
  seekAllEvidence(): void
  /** Waits for the next moment at which a call or an answer has ended. */
  nextChange(): Promise<void>
}

/** Waits for the issuer's credential, then picks up what earlier starts of the sidecar left on the memory volume. */
export async function startPod(
  effects: SidecarEffects,
  config: ProxyConfig,
  credential: FirstCredential,
): Promise<Pod> {
  const { files } = effects
  if (!(await credential.look())) effects.log.info('waiting for the issuer')
  const first = await credential.found
  const { historyId, life, index, runUid } = first.answer
  const found = DeliveryFile.find(files, config.stateDir)
  const { past } = found
  const ords = await startOrds(files, config.stateDir, past.lastBoot)
  const deliveries = DeliveryFile.open(files, ords.boot, found)
  const refusals = await RunRefusals.open(effects, config)
  const facts = new SeenFacts(historyId, async () => deliveries.recall())
  for (const delivery of past.seen) facts.add(factOf(delivery), delivery.lane)
  const onExchange = (answer: ExchangeAnswer | Refusal) => {
    if (isRefusal(answer)) void refusals.learn({ vendor: null, refused: answer, note: undefined, isAfterLost: false })
    else facts.learnHistory(answer.historyId).catch((fault: unknown) => cannotRecall(effects, fault))
  }
  const credentials = new Credentials(effects, config, { first, onExchange })
  const reports = new SeenReports(effects, { credentials, facts })
  if (past.seen.length > 0) reports.schedule()
  effects.log.info({ boot: ords.boot, life, index, runUid }, 'ready')
  return { effects, credentials, ords, facts, reports, deliveries, refusals, ...startCounting(effects) }
}

/** The old history stays, under which the ledger numbers nothing: calls are refused until the file can be read. */
function cannotRecall({ log }: SidecarEffects, fault: unknown): void {
  log.error({ err: fault }, 'what the apps have read cannot be recalled for the new history')
}

/** The parts that only live as long as this process. */
function startCounting(
  effects: SidecarEffects,
): Pick<
  Pod,
  'turns' | 'namedTurns' | 'openLlmCalls' | 'unread' | 'queues' | 'gate' | 'nextId' | 'seekAllEvidence' | 'nextChange'
> {
  let watchers: (() => void)[] = []
  const changed = () => {
    if (watchers.length === 0) return
    const told = watchers
    watchers = []
    for (const tell of told) tell()
  }
  const unread = new UnreadAnswers(changed)
  const turns: TurnKeeper = new TurnKeeper(effects, () => queues.wake())
  const namedTurns = new TurnKeeper(effects, () => {})
  const gate = new Gate(changed)
  let seeksAll = false
  const wanted = () => (gate.isShut || seeksAll ? unread.all() : turns.wanted().flatMap((id) => unread.get(id) ?? []))
  const queues: ReceiveQueues = new ReceiveQueues(effects, wanted)
  const nextChange = () => new Promise<void>((resolve) => watchers.push(resolve))
  const seekAllEvidence = () => {
    seeksAll = true
    queues.wake()
  }
  let lastId = 0
  const nextId = () => {
    lastId += 1
    return lastId
  }
  return {
    turns,
    namedTurns,
    openLlmCalls: new OpenLlmCalls(),
    unread,
    queues,
    gate,
    nextId,
    seekAllEvidence,
    nextChange,
  }
}
