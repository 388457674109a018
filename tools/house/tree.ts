import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { DUMPING_GROUNDS } from './rooms.ts'

export interface TreeFile {
  /** From the root of the tree. */
  readonly path: string
  readonly text: string
}

/** What git would commit: tracked files and new ones that are not ignored. */
export function treeFiles(): TreeFile[] {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`)
  const paths = listed.stdout.split('\0').filter((path) => path !== '' && existsSync(path))
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }))
}

/** Paths that say nothing about what is in them. */
export function dumpingGrounds(files: readonly TreeFile[]): string[] {
  return files.map(({ path }) => path).filter((path) => DUMPING_GROUNDS.test(path))
}

const HOME_FOLDERS = /(?<![\w.])\/(home|Users)\/[a-z][\w-]*/
const REGISTRY_HOST = /https?:\/\/(?!registry\.npmjs\.org)[\w.-]*(registry|artifactory|nexus|verdaccio|mirror)[\w.-]*/i

/** Lines that name somebody's machine: the folder of this clone, a home folder, a package registry of their own. */
export function privateWords(files: readonly TreeFile[], clone: string): string[] {
  const isTelling = clone.split('/').length > 2
  const names = (line: string) =>
    (isTelling && line.includes(clone)) || HOME_FOLDERS.test(line) || REGISTRY_HOST.test(line)
  return linesWhere(files, names)
}

/** Lockfile entries with a download address: it would bind every clone to one registry. */
export function downloadAddresses(lockfile: string): string[] {
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, { resolved?: string }> }
  return Object.keys(packages).filter((name) => packages[name]?.resolved !== undefined)
}

/** Dependencies that are not one exact version. */
export function looseVersions(dependencies: Readonly<Record<string, string>>): string[] {
  return Object.keys(dependencies).filter((name) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(dependencies[name] ?? ''))
}

/** SQL files that no source names; a folder of migrations counts as named when its folder is. */
export function unusedSql(files: readonly TreeFile[]): string[] {
  const sources = files.filter(({ path }) => path.endsWith('.ts') && !path.startsWith('test/'))
  const isNamed = (name: string) => sources.some(({ text }) => text.includes(name))
  return files
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.sql') && !isNamed(basename(path)) && !isNamed(basename(path, '.sql')))
    .filter((path) => !(path.includes('/migrations/') && isNamed('migrations')))
}

/** Plain numbers of the contract must say their unit, last; these are counts and ordinals that have none. */
const UNITS = /(Ms|_ms|Seconds|Hours|Bytes|UsdMicros|BasisPoints|Tokens|Count|_count)$/
const UNITLESS = [
  'notDone',
  'refused',
  'boot',
  'completions',
  'cursor',
  'delivering',
  'effectsNoPodSaw',
  'epoch',
  'index',
  'intactSinceBoot',
  'life',
  'limit',
  'n',
  'seq',
  'status',
]

/** Numbers in contract/ that are neither branded nor named with their unit. */
export function numbersWithoutUnit(files: readonly TreeFile[]): string[] {
  const hasNoUnit = (line: string) => {
    const name = /(\w+)\??: (?:readonly )?number\b/.exec(line)?.[1]
    return name !== undefined && !UNITS.test(name) && !UNITLESS.includes(name)
  }
  return linesWhere(
    files.filter(({ path }) => path.startsWith('contract/') && path.endsWith('.ts')),
    hasNoUnit,
  )
}

function linesWhere(files: readonly TreeFile[], matches: (line: string) => boolean): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (matches(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}
