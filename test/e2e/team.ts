import { type Stage, TEAM } from './stage.ts'

export interface Pod {
  readonly metadata: { readonly name: string }
  readonly status: { readonly phase: string }
}

/** What tests ask about the team's namespace. */
export function teamOn(stage: () => Stage) {
  const inTeam = (...args: readonly string[]) => stage().kubectl(['-n', TEAM, ...args])
  const podsOf = async (job: string) =>
    JSON.parse(await inTeam('get', 'pods', '-l', `batch.kubernetes.io/job-name=${job}`, '-o', 'json')) as {
      items: Pod[]
    }
  const jobIs = (job: string, condition: string) =>
    inTeam('wait', `--for=condition=${condition}`, `job/${job}`, '--timeout=600s')
  const invoicesOf = (prefix: string) =>
    stage()
      .charges()
      .flatMap(({ metadata }) => (metadata?.['invoice']?.startsWith(prefix) === true ? [metadata['invoice']] : []))
  /** Asks kubectl, which takes its time, until it is so. */
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    const lastMs = Date.now() + 240_000
    while (!(await isSo())) {
      if (Date.now() > lastMs) throw new Error(`${what}: did not come about`)
      await stage().kubectl(['get', '--raw', '/readyz'])
    }
  }
  const runningPod = async (job: string, not = '') => {
    let name = ''
    await until(`a Pod of ${job}`, async () => {
      const { items } = await podsOf(job)
      name =
        items.find(({ metadata, status }) => metadata.name !== not && status.phase === 'Running')?.metadata.name ?? ''
      return name !== ''
    })
    return name
  }
  const paid = (invoice: string) =>
    until(`a charge for ${invoice}`, () => Promise.resolve(invoicesOf(invoice).length > 0))
  return { inTeam, podsOf, jobIs, invoicesOf, until, runningPod, paid }
}
