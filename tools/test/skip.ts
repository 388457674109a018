import { type Context, Hook, type Runnable, type Suite } from 'mocha'

const reasons = new WeakMap<Runnable | Suite, string>()

/**
 * Skips the running test, or from a `before` hook every test of its suite, and records why. A test that is skipped
 * without a reason fails in CI. Call it as `skip(this, 'needs root for network namespaces')`.
 */
export function skip(context: Context, reason: string): never {
  const runnable = context.runnable()
  // Mocha names a current test in a `before` hook too, the first one, although all of the suite are skipped.
  const isForSuite = runnable instanceof Hook && runnable.title.startsWith('"before all"')
  const ofHook = isForSuite ? runnable.parent : (context.currentTest ?? runnable.parent)
  const skipped = runnable instanceof Hook ? ofHook : runnable
  if (skipped !== undefined) reasons.set(skipped, reason)
  return context.skip()
}

/** Why a test was skipped: what was said for it, or for the nearest suite around it. */
export function reasonOf(test: Runnable): string | undefined {
  const own = reasons.get(test)
  if (own !== undefined) return own
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) {
    const reason = reasons.get(suite)
    if (reason !== undefined) return reason
  }
  return undefined
}
