// `make e2e`: jobcap on a real Kubernetes of one node, which this starts and ends by itself. Prints progress, and last
// one line: e2e {"tests": …, "failed": …, "admission_p99_ms": …, "pod_start_added_ms": …, …, "seconds": …}. ONLY=text runs the tests whose names hold it.
// `make cluster` (--hold) starts the same and holds it up until it is interrupted, so that E2E_STAGE=folder make e2e
// ONLY=text runs against it in seconds.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStage } from '../../test/e2e/stage.ts'
import { missingPrograms } from '../cluster/control-plane.ts'
import { missingForNode } from '../cluster/one-node.ts'

const EXAMPLE_IMAGE = 'registry.example.com/billing/nightly:2026-11'

const holds = process.argv.includes('--hold')
const held = process.env['E2E_STAGE']
const startedMs = Date.now()
const missing = [...new Set([...missingPrograms('helm'), ...missingForNode()])]
if (missing.length > 0) {
  console.error(
    `E2E DID NOT RUN: it needs ${missing.join(', ')}. Programs: tools/cluster/build.sh (Go); the rest: Debian.`,
  )
  process.exit(69)
}

const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version
const image = `localhost/jobcap:${version}`
const folder = mkdtempSync(join(tmpdir(), 'jobcap-e2e-images-'))
try {
  process.exitCode = holds ? await hold() : await run()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Images {
  readonly name: string
  readonly archives: readonly string[]
}

function buildImages(): Images | undefined {
  const archive = join(folder, 'jobcap.tar')
  const building = { ...process.env, IMAGE: image, IMAGE_FILE: archive, EXAMPLE_IMAGE }
  const { status } = spawnSync('bash', ['tools/image/build.sh'], { stdio: 'inherit', env: building })
  return status === 0 ? { name: image, archives: [archive, join(folder, 'example.tar')] } : undefined
}

async function hold(): Promise<number> {
  const images = buildImages()
  if (images === undefined) return 1
  const stage = await startStage(images)
  console.log(`E2E_STAGE=${stage.folder} KUBECONFIG=${stage.kubeconfig}`)
  await once(process, 'SIGTERM')
  await stage.stop({ keepsLogs: false })
  return 0
}

async function run(): Promise<number> {
  const images = held === undefined ? buildImages() : { name: image, archives: [] }
  if (images === undefined) return 1
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
        E2E_IMAGE: images.name,
        E2E_ARCHIVES: images.archives.join(','),
        E2E_FIGURES: figures,
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
