import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Language, Sdk } from './case.ts'

const ROOT = join(import.meta.dirname, '../..')
/** A registry that does not answer must not hold up the other SDKs. */
const INSTALL_DEADLINE_MS = 300_000
const INSTALLED = join(ROOT, '.tools/sdks')
/** Of each language: what pins every package of an SDK. */
const LOCKS: Readonly<Record<Language, readonly string[]>> = {
  node: ['package.json', 'package-lock.json'],
  python: ['requirements.txt'],
}

/** An SDK in a folder of its own, beside nothing else. */
export interface InstalledSdk {
  readonly sdk: Sdk
  readonly folder: string
  /** Starts a program of its language: the binary, and its first arguments. */
  readonly command: readonly string[]
}

/** Brings the SDK where its lock is not what is installed already. Throws with what the installer said. */
export async function installSdk(vendor: string, sdk: Sdk): Promise<InstalledSdk> {
  const lockFolder = join(import.meta.dirname, vendor, sdk.folder)
  const folder = join(INSTALLED, vendor, sdk.folder)
  const lock = LOCKS[sdk.language].map((name) => readFileSync(join(lockFolder, name), 'utf8')).join('\n')
  if (!lock.includes(sdk.version)) throw new Error(`${lockFolder} does not lock ${sdk.name} at ${sdk.version}`)
  const command = sdk.language === 'node' ? [process.execPath] : [python()]
  const mark = join(folder, 'installed.lock')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return { sdk, folder, command }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of LOCKS[sdk.language]) copyFileSync(join(lockFolder, name), join(folder, name))
  if (sdk.language === 'node') {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  } else {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--root-user-action=ignore']
    await run(python(), ['-m', 'pip', 'install', ...quiet, '--target', folder, '-r', 'requirements.txt'], folder)
  }
  writeFileSync(mark, lock)
  return { sdk, folder, command }
}

let found: string | undefined

/** A Python with pip; on a Debian-like system as root it is brought when there is none. */
function python(): string {
  found ??= findPython() ?? bringPython()
  return found
}

function findPython(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-m', 'pip', '--version']).status === 0)
}

function bringPython(): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', 'python3', 'python3-pip']
  for (const args of [['update'], install]) spawnSync('apt-get', args, { env, timeout: INSTALL_DEADLINE_MS })
  const brought = findPython()
  if (brought === undefined) throw new Error('the Python SDKs need python3 with pip: install python3-pip')
  return brought
}

/** Beside the cases of other SDKs, which must not stand still meanwhile: they look at the clock. */
async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(command, args, { cwd, timeout: INSTALL_DEADLINE_MS })
  } catch (fault) {
    const { message, stdout = '' } = fault as Error & { stdout?: string }
    throw new Error(`in ${cwd}: ${message}${stdout}`)
  }
}
