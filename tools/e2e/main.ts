// `make e2e`: jobcap on a real Kubernetes of one node, which this starts and ends by itself. Prints progress, and last
// one line: e2e {"tests": …, "failed": …, "admission_p99_ms": …, "pod_start_added_ms": …, …, "seconds": …}. ONLY=text runs the tests whose names hold it.
// `make cluster` (--hold) holds the same up until it is interrupted, so that E2E_STAGE=folder make e2e ONLY=text runs
// against it in seconds. A machine that cannot run a cluster ends it with EXIT_CANNOT and one loud line.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Images, type Stage, startStage } from '../../test/e2e/stage.ts'
import { missingPrograms } from '../cluster/control-plane.ts'
import { missingForNode, NodeDidNotStart } from '../cluster/one-node.ts'

const EXAMPLE_IMAGE = 'registry.example.com/billing/nightly:2026-11'
/** The machine lacks something; of tools/image/build.sh and tools/setup/cluster.sh too. */
const EXIT_CANNOT = 69

const held = process.env['E2E_STAGE']
const startedMs = Date.now()
const folder = mkdtempSync(join(tmpdir(), 'jobcap-e2e-images-'))
try {
  process.exitCode = await main()
} catch (fault) {
  if (!(fault instanceof NodeDidNotStart)) throw fault
  console.error(fault)
  process.exitCode = cannot(fault.message)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function main(): Promise<number> {
  if (held !== undefined) return runTests(held)
  const missing = [...new Set([...missingPrograms('helm'), ...missingForNode()])]
  if (missing.length > 0) return cannot(`this machine has no ${missing.join(', ')}`)
  const images = buildImages()
  if (typeof images === 'number') return images === EXIT_CANNOT ? cannot('the image cannot be built here') : images
  const stage = await startStage(images)
  if (process.argv.includes('--hold')) return hold(stage)
  process.once('SIGTERM', () => void stage.stop({ keepsLogs: true }).finally(() => process.exit(143)))
  const code = await runTests(stage.folder)
  await stage.stop({ keepsLogs: code !== 0 })
  if (code !== 0) console.log(`the logs of all parts are in ${stage.folder}`)
  return code
}

function cannot(why: string): number {
  console.error(`E2E DID NOT RUN: ${why}. It needs root, cgroups, network namespaces, Go and Debian's packages.`)
  return EXIT_CANNOT
}

/** The exit code where they could not be built. */
function buildImages(): Images | number {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const name = `localhost/jobcap:${version}`
  const archive = join(folder, 'jobcap.tar')
  const building = { ...process.env, IMAGE: name, IMAGE_FILE: archive, EXAMPLE_IMAGE }
  const { status } = spawnSync('bash', ['tools/image/build.sh'], { stdio: 'inherit', env: building })
  return status === 0
    ? { name, example: EXAMPLE_IMAGE, archives: [archive, join(folder, 'example.tar')] }
    : (status ?? 1)
}

async function hold(stage: Stage): Promise<number> {
  console.log(`E2E_STAGE=${stage.folder} KUBECONFIG=${stage.kubeconfig}`)
  await once(process, 'SIGTERM')
  await stage.stop({ keepsLogs: false })
  return 0
}

async function runTests(stageFolder: string): Promise<number> {
  const figures = join(folder, 'figures.json')
  writeFileSync(figures, '{}')
  const only = process.env['ONLY']
  const mocha = spawn(
    process.execPath,
    ['node_modules/mocha/bin/mocha.js', 'test/e2e/*.e2e.ts', ...(only === undefined ? [] : ['--fgrep', only])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        E2E_STAGE: stageFolder,
        E2E_FIGURES: figures,
        // Where a cluster is held up, earlier tries have left their Jobs and charges.
        E2E_TRY: held === undefined ? '' : `-${startedMs.toString(36)}`,
      },
    },
  )
  let said = ''
  mocha.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    process.stdout.write(chunk)
  })
  await once(mocha, 'close')
  const [, passed = '0', failed = '1'] = /(\d+) passed, (\d+) failed\s*$/.exec(said) ?? []
  const tests = Number(passed) + Number(failed)
  const seconds = Math.round((Date.now() - startedMs) / 1000)
  const measured = JSON.parse(readFileSync(figures, 'utf8')) as object
  console.log(`e2e ${JSON.stringify({ tests, failed: Number(failed), ...measured, seconds })}`)
  return failed === '0' && tests > 0 ? 0 : 1
}
