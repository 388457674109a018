import { type Stats, statSync } from 'node:fs'

/** A mount of the host, other than its root, that a container should see too. */
export interface HostMount {
  readonly path: string
  /** Whether an overlay can be asked for: its option syntax knows no way to write some characters. */
  readonly isLayerable: boolean
}

/** Kernel interfaces and run-time state: each container gets its own, or none. */
const REPLACED = ['/proc', '/sys', '/dev', '/run']

/** Not file systems that hold files of people. */
const WITHOUT_FILES = new Set(['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts'])
for (const type of ['fusectl', 'hugetlbfs', 'mqueue', 'nsfs', 'proc', 'pstore', 'securityfs', 'sysfs', 'tracefs']) {
  WITHOUT_FILES.add(type)
}

/** Reads `/proc/self/mountinfo` (proc(5)): field 5 is the mount point; after ` - ` comes the type. Parents first. */
export function listHostMounts(mountinfo: string): HostMount[] {
  const paths = new Set<string>()
  for (const line of mountinfo.split('\n')) {
    const [mount, source] = line.split(' - ')
    const path = unescapeOctal(mount?.split(' ')[4] ?? '')
    const type = source?.split(' ')[0] ?? ''
    if (path === '' || path === '/' || WITHOUT_FILES.has(type) || path.includes('\n') || path.includes('\t')) continue
    if (REPLACED.some((replaced) => path === replaced || path.startsWith(`${replaced}/`))) continue
    paths.add(path)
  }
  return [...paths].sort().map((path) => ({ path, isLayerable: !/[,:\\"]/.test(path) }))
}

/** Undefined where it is gone, or where we may not go: a container, which has no more rights than we have, could not either. */
export function mountPointAt(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** Blanks, tabs, line ends and backslashes are written as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
