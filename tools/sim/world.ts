import { asJobUid, asPodUid, asRunUid } from '../../contract/ids.ts'
import { INJECT_LABEL, TERMS_ANNOTATION } from '../../contract/labels.ts'
import { refusal } from '../../contract/refusals.ts'
import type { WorkloadFacts } from '../../contract/workload.ts'
import type { Workloads } from '../../ledger/effects.ts'
import type { JobCondition } from '../../local/controller/job-state.ts'
import type { Rulebook } from '../../store/rules/rulebook.ts'
import type { CallRow, KeyRow, Limits } from '../../store/store.ts'
import type { Incarnation, Machine } from './incarnation.ts'
import type { Breach } from './judge/breach.ts'
import { Contents } from './judge/contents.ts'
import { Judge } from './judge/judge.ts'
import { NewestPods } from './judge/newest-pods.ts'
import { hadEffect } from './judge/person.ts'
import { StoreDay } from './judge/store-day.ts'
import { Ledgers } from './ledgers.ts'
import { personOf } from './parts/caretaker.ts'
import { JobPart } from './parts/job.ts'
import type { LedgerPart } from './parts/ledger-part.ts'
import { PodPart } from './parts/pod.ts'
import { Vendors } from './parts/vendor.ts'
import { WorkQueue } from './parts/work-queue.ts'
import type { CallPlan, JobPlan, Plan } from './plan/plan.ts'
import { areLedgersSteady, callsOf, doVendorsAnswer, isCalm, isStoreSteady } from './plan/troubles.ts'
import { SimPolicies } from './policies.ts'
import type { Stage } from './stage.ts'
import { StoredState } from './store/memory-tables.ts'

const LEDGER_RETRY_MS = 1_000

export interface WorldOptions {
  readonly rules: Rulebook
  readonly onBreach: (breach: Breach) => void
  /** A person has given up what may have held the only word of a call. */
  readonly onBeyondPromises: () => void
}

/** Everything there is in one simulation, and how it hangs together. */
export class World {
  readonly judge: Judge
  readonly vendors: Vendors
  readonly policies: SimPolicies
  readonly state: StoredState
  readonly jobs: JobPart[] = []
  readonly podMachine: Machine = { name: 'pods', offsetMs: 0 }
  readonly ledgers: Ledgers
  readonly #stage: Stage
  readonly #plan: Plan
  readonly #contents: Contents
  readonly #day: StoreDay
  readonly #facts = new Map<string, { facts: WorkloadFacts; isOver: () => boolean; job: () => boolean }>()
  readonly #pods = new Set<PodPart>()
  /** Null where a Pod may live on unseen on a lost node, and get a place again after the one that replaced it. */
  readonly #newestPods: NewestPods | null
  readonly #onAdmitted = new Map<string, () => void>()

  constructor(stage: Stage, plan: Plan, how: WorldOptions) {
    this.#stage = stage
    this.#plan = plan
    this.state = new StoredState(() => stage.scheduler.nowMs)
    const hasLostNode = plan.acts.some(({ kind }) => kind === 'lose node')
    this.#newestPods = hasLostNode ? null : new NewestPods(how.onBreach)
    this.policies = new SimPolicies(plan.policy, () => stage.scheduler.nowMs)
    this.#contents = new Contents(callsOf(plan), (hold) => this.vendors.payerOf(hold))
    this.#day = new StoreDay(() => stage.scheduler.nowMs)
    this.vendors = new Vendors(stage, {
      effect: (effect) => this.judge.effect(effect),
      failedAgain: (key) => this.judge.failedAgain(key),
      declinedAgain: (key) => this.judge.declinedAgain(key),
    })
    this.judge = new Judge({
      contents: this.#contents,
      state: this.state,
      effects: this.vendors.effects,
      isRecentLimit: (level, usdMicros) => this.policies.hadRecently(level, usdMicros),
      day: () => this.#day.day,
      // "Never doubles, may swallow a call".
      maySwallow: plan.policy.ambiguousRepeat === 'fold' || plan.policy.divergingReplay === 'core',
      isStoreSteady: isStoreSteady(plan),
      isCalm: isCalm(plan),
      areLedgersSteady: areLedgersSteady(plan),
      insteadOf: callsOf(plan).flatMap(({ customer, instead }) =>
        instead === undefined ? [] : [{ declined: customer, made: instead.customer }],
      ),
      allowsStripe: () => this.policies.allowedStripeRecently,
      doVendorsAnswer: doVendorsAnswer(plan),
      isWorkQueue: plan.queue !== null,
      needsNamedKeys: plan.queue !== null || plan.keepsRestarts,
      vendorFaults: plan.faults.filter(({ kind }) => kind === 'vendor').length,
      nowMs: () => stage.scheduler.nowMs,
      onBreach: how.onBreach,
    })
    this.ledgers = new Ledgers({
      stage,
      plan,
      rules: how.rules,
      state: this.state,
      vendors: this.vendors,
      policies: this.policies,
      workloads: (process) => this.#workloadsOf(process),
      person: personOf(how),
      watch: {
        numbered: this.judge.numbered.bind(this.judge),
        marked: this.judge.owners.marked.bind(this.judge.owners),
        repaired: this.judge.owners.repaired.bind(this.judge.owners),
        beginStep: (wallMs) => this.#day.passes(wallMs),
        restarted: (lastAtMs) => this.#day.restarted(lastAtMs),
        storeLost: () => this.judge.storeLost(),
        limitsSet: (limits) => this.judge.caps.limitsSet(limits),
        revoked: () => this.judge.revoked(),
        askedUnsure: (what) => this.judge.owners.askedUnsure(what),
      },
    })
  }

  /** The run's key, once there is one. */
  get key(): KeyRow | undefined {
    return [...this.state.keys.values()][0]
  }

  startJob(plan: JobPlan, onEnded: (condition: JobCondition) => void): void {
    const nth = this.jobs.length + 1
    const uid = `job-${nth}`
    const programs = plan.programs.length > 0 ? plan.programs : (this.#plan.jobs[0]?.programs ?? [])
    const queued = this.#plan.queue
    const queue = queued === null ? null : new WorkQueue(this.#stage.scheduler, queued, programs)
    const completions = queued === null ? programs.length : queued.completions
    const capUsd = plan.capUsd === null ? this.#plan.policy.perRunUsd : plan.capUsd
    const terms = {
      policy: 'default',
      ...(plan.capUsd === null ? {} : { capUsd: plan.capUsd.toFixed(2) }),
      ...(nth === 1 ? {} : { continues: 'job-1' }),
      ...(this.#plan.keepsRestarts ? { keepsRestarts: true } : {}),
    }
    let isAdmitted = false
    const job: JobPart = new JobPart({
      stage: this.#stage,
      plan,
      name: uid,
      completions,
      isIndexed: queue === null,
      keepsRestarts: this.#plan.keepsRestarts,
      makePod: (name, index, told) => {
        const podUid = `${name}`
        const pod: PodPart = new PodPart({
          stage: this.#stage,
          name,
          token: `token-${name}`,
          machine: this.podMachine,
          work: queue ?? programs[index ?? 0] ?? [],
          showsQueues: this.#plan.showsQueues,
          keepsRestarts: this.#plan.keepsRestarts,
          memory: (start) => this.#memoryOf(podUid, start === 1 ? podUid : `${podUid} start ${start}`),
          ledger: () => this.ledgers.any(),
          onRequest: (request) => this.#contents.learn(request),
          ...told,
        })
        this.#pods.add(pod)
        this.#newestPods?.made(podUid, index)
        this.#facts.set(`token-${name}`, {
          facts: factsOf({ job: uid, pod: name, index, completions, terms }),
          isOver: () => pod.isOver,
          job: () => job.hasEnded,
        })
        return pod
      },
      onEnded: (condition) => this.#endJob(uid, () => onEnded(condition)),
    })
    this.#onAdmitted.set(uid, () => {
      if (!isAdmitted) this.judge.caps.jobAdmitted(Math.round(capUsd * 1e6))
      isAdmitted = true
    })
    this.jobs.push(job)
    job.start()
  }

  /** A step of an operator: asked again until a ledger has answered. */
  operate<Answer>(
    what: string,
    ask: (ledger: LedgerPart) => Promise<Answer>,
    onAnswer: (answer: Answer) => void,
  ): void {
    const ledger = this.ledgers.any()
    const again = () => this.operate(what, ask, onAnswer)
    if (ledger === undefined) {
      this.#stage.scheduler.after(LEDGER_RETRY_MS, again)
      return
    }
    let isAnswered = false
    const isGone = () => !ledger.process.isAlive
    const watch = () => {
      if (isAnswered) return
      if (isGone()) again()
      else this.#stage.scheduler.after(LEDGER_RETRY_MS, watch)
    }
    watch()
    ask(ledger).then(
      (answer) => {
        isAnswered = true
        this.#stage.trace.say('operator', what)
        onAnswer(answer)
      },
      () => {
        isAnswered = true
        this.#stage.scheduler.after(LEDGER_RETRY_MS, again)
      },
    )
  }

  /** A person changes limits of the run's key. */
  limit(limits: Limits, onAnswer: () => void = () => {}): void {
    this.#withKey((keyId) => {
      this.operate(
        `sets ${JSON.stringify(limits)}`,
        ({ ledger }) => ledger.store.setLimits(keyId, limits),
        () => {
          this.judge.caps.limitsAnswered(limits)
          onAnswer()
        },
      )
    })
  }

  revoke(): void {
    this.#withKey((keyId) => {
      this.operate(
        'revokes',
        ({ ledger }) => ledger.store.revokeKey(keyId),
        (answer) => {
          if (answer !== undefined) this.judge.revokeAnswered(answer)
        },
      )
    })
  }

  /** What a person finds at the vendor of a call in doubt. `taken`: effects that another call was told to have had. */
  hadEffect(row: CallRow, taken: Map<string, number>): boolean {
    return hadEffect(row, { effects: this.vendors.effects, calls: this.state.calls, contents: this.#contents, taken })
  }

  #withKey(act: (keyId: KeyRow['keyId']) => void): void {
    const { key } = this
    if (key !== undefined) act(key.keyId)
    else this.#stage.scheduler.after(LEDGER_RETRY_MS, () => this.#withKey(act))
  }

  /** What is left of Pods on lost nodes ends too. */
  killAllPods(): void {
    for (const pod of this.#pods) pod.kill()
  }

  /** The simulation is over. */
  discard(): void {
    for (const pod of this.#pods) pod.discard()
  }

  #workloadsOf(process: Incarnation): Workloads {
    return {
      identify: (token: string) => process.effect('workloads', () => this.#identify(token)),
      hasJobEnded: () => Promise.resolve(false),
      podEnded: () => Promise.resolve(),
    }
  }

  #identify(token: string) {
    const known = this.#facts.get(token)
    if (known === undefined) return refusal('pod_token_invalid')
    const { facts, isOver, job } = known
    if (!job() && !isOver()) this.#onAdmitted.get(facts.job.uid)?.()
    return { ...facts, pod: { ...facts.pod, isEnding: isOver() }, job: { ...facts.job, isEnded: job() } }
  }

  #endJob(uid: string, onEnded: () => void): void {
    const run = asRunUid('job-1')
    this.operate(`ends ${uid}`, ({ ledger }) => ledger.store.endJob(run, asJobUid(uid)), onEnded)
  }

  /** An app that is started again in its Pod has read nothing yet. */
  #memoryOf(podUid: string, attempt: string) {
    return {
      tried: (call: CallPlan) => this.judge.tried(podUid, call),
      hadNone: (call: CallPlan) => this.judge.told.hadNone(call),
      succeeded: (call: CallPlan, life: number, body: string) => {
        this.#stage.trace.say(`${podUid} app`, `READ success of ${call.customer}`)
        this.judge.models.succeeded(call, body)
        this.judge.succeeded(`${attempt}/${life}`, call)
      },
      declined: (call: CallPlan) => {
        this.#stage.trace.say(`${podUid} app`, `read decline of ${call.customer}`)
        this.judge.declined(call)
      },
      failed: (call: CallPlan, how: string, life: number) => {
        this.#stage.trace.say(`${podUid} app`, `call to ${call.customer} failed: ${how}`)
        this.judge.failed(`${attempt}/${life}`, call, how)
        this.#newestPods?.failed(podUid, how)
      },
      walked: () => this.judge.walked(`${attempt}/1`),
    }
  }
}

interface Named {
  readonly job: string
  readonly pod: string
  /** Null: it is one of a work queue's. */
  readonly index: number | null
  readonly completions: number | null
  readonly terms: object
}

function factsOf({ job, pod, index, completions, terms }: Named): WorkloadFacts {
  return {
    namespace: 'team',
    namespaceLabels: { [INJECT_LABEL]: 'enabled' },
    pod: {
      name: pod,
      uid: asPodUid(pod),
      index,
      isEnding: false,
      templateAnnotations: { [TERMS_ANNOTATION]: JSON.stringify(terms) },
    },
    job: {
      ...{ name: job, uid: asJobUid(job), labels: {}, completions, isEnded: false },
      completionMode: index === null ? 'NonIndexed' : 'Indexed',
    },
  }
}
