// `make e2e`: jobcap on a real Kubernetes of one node, which this starts and ends by itself. Prints progress, and last
// one line: e2e {"tests": …, "failed": …, "admission_p99_ms": …, "pod_start_added_ms": …, …, "seconds": …}. ONLY=text runs the tests whose names hold it.
// `make cluster` (--hold) holds the same up until it is interrupted, so that E2E_STAGE=folder make e2e ONLY=text runs
// against it in seconds. A machine that cannot run a cluster ends it with EXIT_CANNOT and one loud line.
// With KUBECONFIG and E2E_IMAGE_LOAD all of it happens in that cluster, and is taken away again at the end; where Docker
// answers and kind is there, in a cluster of kind.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Images, NAMESPACES, NEXT_TAG } from '../../test/e2e/ground.ts'
import { type Stage, startStage } from '../../test/e2e/stage.ts'
import { isBuilt, missingPrograms } from '../cluster/control-plane.ts'
import { checkGivenCluster, type GivenCluster, UnusableCluster } from '../cluster/given-cluster.ts'
import { canUseKind, endKind, startKind } from '../cluster/kind.ts'
import { missingForNode, NodeDidNotStart } from '../cluster/one-node.ts'

const EXAMPLE_IMAGE = 'registry.example.com/billing/nightly:2026-11'
/** The machine lacks something; of tools/image/build.sh and tools/setup/cluster.sh too. */
const EXIT_CANNOT = 69
/** Which cluster is meant is not clear, or that one cannot be used. */
const EXIT_UNUSABLE = 64

const held = process.env['E2E_STAGE']
const startedMs = Date.now()
const started = { kind: false }
const folder = mkdtempSync(join(tmpdir(), 'jobcap-e2e-images-'))
try {
  process.exitCode = await main()
} catch (fault) {
  if (fault instanceof UnusableCluster) {
    console.error(`make e2e: ${fault.message}`)
    process.exitCode = EXIT_UNUSABLE
  } else if (fault instanceof NodeDidNotStart) {
    console.error(fault)
    process.exitCode = cannot(fault.message)
  } else throw fault
} finally {
  if (started.kind) endKind()
  rmSync(folder, { recursive: true, force: true })
}

async function main(): Promise<number> {
  if (held !== undefined) return runTests(held)
  const given = givenCluster()
  const missing =
    given === undefined
      ? [...new Set([...missingPrograms('helm'), ...missingForNode()])]
      : ['helm', 'kubectl'].filter((program) => !isBuilt(program))
  if (missing.length > 0) return cannot(`this machine has no ${missing.join(', ')}`)
  if (given !== undefined) await checkGivenCluster(given, NAMESPACES)
  const images = buildImages()
  if (typeof images === 'number') return images === EXIT_CANNOT ? cannot('the image cannot be built here') : images
  const stage = await startStage(given === undefined ? images : { ...images, given })
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

/** Undefined: a node of our own is started. That of KUBECONFIG alone is never touched: it may be anybody's. */
function givenCluster(): GivenCluster | undefined {
  const { KUBECONFIG: kubeconfig = '', E2E_IMAGE_LOAD: loadCommand = '' } = process.env
  if (kubeconfig === '' && loadCommand === '') {
    started.kind = canUseKind()
    return started.kind ? startKind(folder) : undefined
  }
  if (kubeconfig === '') throw new UnusableCluster('E2E_IMAGE_LOAD is set, and no KUBECONFIG that names the cluster')
  if (loadCommand === '') {
    throw new UnusableCluster(
      `KUBECONFIG=${kubeconfig} names a cluster. To run in it, say with E2E_IMAGE_LOAD how its nodes get an image from an archive, such as E2E_IMAGE_LOAD='kind load image-archive --name NAME'. To run in a cluster of its own, unset KUBECONFIG`,
    )
  }
  return { kubeconfig: resolve(kubeconfig), loadCommand }
}

/** The exit code where they could not be built. */
function buildImages(): Images | number {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const name = `localhost/jobcap:${version}`
  const archive = join(folder, 'jobcap.tar')
  const next = name.replace(/:.*$/, `:${NEXT_TAG}`)
  const building = { ...process.env, IMAGE: name, IMAGE_FILE: archive, EXAMPLE_IMAGE, NEXT_IMAGE: next }
  const { status } = spawnSync('bash', ['tools/image/build.sh'], { stdio: 'inherit', env: building })
  return status === 0
    ? {
        name,
        example: EXAMPLE_IMAGE,
        archives: [archive, ...['next.tar', 'example.tar'].map((file) => join(folder, file))],
      }
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
