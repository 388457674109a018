import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JobcapRun } from '../scene/jobcap-run.ts'
import type { Progress } from '../scene/progress.ts'
import { EXAMPLE, type Stage, writePolicy } from './stage.ts'

/**
 * Act (a) against api.stripe.com, with a test key from STRIPE_TEST_KEY. The customers of the example must exist in the
 * test account; nothing is killed, and Stripe's own dashboard is the truth.
 */
export async function actLive(stage: Stage, progress: Progress): Promise<number> {
  const key = process.env['STRIPE_TEST_KEY'] ?? ''
  if (!key.startsWith('sk_test_')) {
    process.stderr.write('make demo LIVE=1: put a Stripe test key (sk_test_…) into STRIPE_TEST_KEY\n')
    return 2
  }
  writeFileSync(stage.secretFile, key, { mode: 0o600 })
  const policy = join(stage.folder, 'policy-live.yaml')
  writePolicy(policy, undefined)
  progress.title('(a) against api.stripe.com, in test mode')
  const state = join(stage.folder, 'state-live')
  const args = ['--policy', policy, '--state', state, '--secrets', stage.secretsFolder, '-f', '-']
  const run = new JobcapRun(stage.children, args, { cwd: EXAMPLE, input: stage.manifest })
  const { exitCode, job, summary } = await run.end().catch((fault: Error) => {
    throw new Error(`${fault.message}\n${run.tail}`)
  })
  progress.step(`Job ${job.condition}: $${summary.spentUsd} spent in ${summary.settled} calls`)
  return exitCode ?? 1
}
