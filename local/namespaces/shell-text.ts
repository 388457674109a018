/** A value as POSIX sh reads it back unchanged, whatever is in it. */
export function quoteForShell(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}

/** What a shell can hold in a variable. Kubernetes also allows dots and dashes; those go through `env`. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export interface ShellEnvironment {
  /** Text to be read by `.`: one export a line. */
  readonly assignments: string
  /** Put before the command: sets what no shell variable can be named. */
  readonly prefix: readonly string[]
}

/** An environment as container.sh takes it: assignments in a file that no process list shows. */
export function toShellEnvironment(environment: Readonly<Record<string, string>>): ShellEnvironment {
  const entries = Object.entries(environment)
  const assignments = entries
    .filter(([name]) => SHELL_NAME.test(name))
    .map(([name, value]) => `export ${name}=${quoteForShell(value)}\n`)
    .join('')
  const unnameable = entries.filter(([name]) => !SHELL_NAME.test(name)).map(([name, value]) => `${name}=${value}`)
  return { assignments, prefix: unnameable.length > 0 ? ['/usr/bin/env', ...unnameable] : [] }
}
