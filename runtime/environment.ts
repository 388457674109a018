/** The door to environment variables. A process reads them once, at its start, through its own `config.ts`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A frozen copy of the process's environment. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env })
}
