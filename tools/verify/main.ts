// `make verify`: regenerate, then read-only checks side by side, then the tests, the demo, and a clean tree.
// Every step runs even when another failed. The last line is `N passed, N failed`: the tests' own counts, and among the
// failed every other step that failed. `make verify ONLY="lint types"` runs some steps by name.

import { runStep, type StepResult } from './run-step.ts'
import { bundle, checks, demo, generate, type Step, tests } from './steps.ts'
import { treeChanges } from './tree.ts'

const only = (process.env['ONLY'] ?? '').split(/\s+/).filter(Boolean)
const known = [generate, ...checks, bundle, tests, demo].map((step) => step.name)
const unknown = only.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`verify: no step named ${unknown.join(', ')}; there are: ${known.join(', ')}`)
  process.exit(2)
}

const isWanted = (step: Step) => step.isThere() && (only.length === 0 || only.includes(step.name))
const results: StepResult[] = []

async function inOrder(steps: readonly Step[]): Promise<void> {
  for (const step of steps.filter(isWanted)) results.push(await runStep(step))
}

/** Two at a time: the checks are single-threaded, and the smallest machine we serve has two cores. */
async function sideBySide(steps: readonly Step[]): Promise<void> {
  const waiting = steps.filter(isWanted)
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await runStep(step))
  }
  await Promise.all([worker(), worker()])
}

const changesBefore = treeChanges()
await inOrder([generate])
await sideBySide(checks)
await inOrder([bundle, tests, demo])

const changesAfter = treeChanges()
const isDirtied = changesBefore === '' && changesAfter !== '' && changesAfter !== undefined
if (isDirtied) console.log(`✗ clean tree: verify changed files; run \`make fix\` and commit:\n${changesAfter}`)
else if (changesBefore) console.log('- clean tree: not judged, the tree had changes before')
else if (changesBefore === '') console.log('✓ clean tree')

const failedSteps = results.filter((result) => !result.isPassed && !result.tests?.failed)
const passedTests = results.reduce((sum, result) => sum + (result.tests?.passed ?? 0), 0)
const failedTests = results.reduce((sum, result) => sum + (result.tests?.failed ?? 0), 0)
const failed = failedTests + failedSteps.length + (isDirtied ? 1 : 0)
const notes = results.filter((result) => !result.isPassed).map((result) => result.name)
if (notes.length > 0) console.log(`failed steps: ${notes.join(', ')}`)
console.log(`${passedTests} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
