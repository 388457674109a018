import { type OpenStore, type PodPlan, type PodsCaller, Stage, usd } from '../stage.ts'

/** Before each test a fresh store with the first Pod of a run, capped at $10 unless `plan` says otherwise; closed after it. */
export function withPod(
  open: OpenStore,
  take: (stage: Stage, a: PodsCaller) => void,
  plan: PodPlan = { terms: { capUsdMicros: usd(10) } },
): void {
  let stage: Stage
  beforeEach(async () => {
    stage = await Stage.open(open)
    take(stage, await stage.pod('a', plan))
  })
  afterEach(() => stage.store.close())
}
