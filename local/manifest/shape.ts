/**
 * What an object may look like, written as data and walked by `checkShape`. A field that is not written down is a
 * problem: a field that would do nothing must not look as if it did.
 */
export type Shape =
  | { readonly is: 'text' | 'number' | 'flag'; readonly oneOf?: readonly (string | number | boolean)[] }
  | { readonly is: 'map' }
  | { readonly is: 'list'; readonly of: Shape }
  | { readonly is: 'object'; readonly fields: Readonly<Record<string, Field>> }
  /** Accepted, and said to have no effect here: `because` completes "<path> …". */
  | { readonly is: 'noted'; readonly because: string }
  /** Accepted in silence: it says nothing about how a Job runs. */
  | { readonly is: 'any' }

export type Field = Shape & { readonly required?: boolean }

/** What was found in an object: `problems` forbid running it, `notes` say what has no effect here. */
export interface Findings {
  readonly problems: string[]
  readonly notes: string[]
}

/** Checks `value` against `shape`; `path` names it in sentences, for example `Job/billing: spec.template`. */
export function checkShape(value: unknown, shape: Shape, path: string): Findings {
  const findings: Findings = { problems: [], notes: [] }
  walk(value, shape, { path, findings })
  return findings
}

interface Place {
  readonly path: string
  readonly findings: Findings
}

function walk(value: unknown, shape: Shape, place: Place): void {
  if (value === null || value === undefined) return
  switch (shape.is) {
    case 'any':
      return
    case 'noted':
      place.findings.notes.push(`${place.path} ${shape.because}`)
      return
    case 'text':
      return expectPlain(value, 'string', { shape, place })
    case 'number':
      return expectPlain(value, 'number', { shape, place })
    case 'flag':
      return expectPlain(value, 'boolean', { shape, place })
    case 'map':
      return walkMap(value, place)
    case 'list':
      return walkList(value, shape.of, place)
    case 'object':
      return walkObject(value, shape.fields, place)
  }
}

function expectPlain(
  value: unknown,
  type: 'string' | 'number' | 'boolean',
  at: { shape: Shape & { oneOf?: readonly unknown[] }; place: Place },
): void {
  const { shape, place } = at
  const problem = (text: string) => place.findings.problems.push(`${place.path} ${text}`)
  if (typeof value !== type) problem(`must be a ${type}, not ${describe(value)}`)
  else if (type === 'number' && (!Number.isSafeInteger(value) || (value as number) < 0)) {
    problem(`must be a whole number of at least 0, not ${String(value)}`)
  } else if (shape.oneOf !== undefined && !shape.oneOf.includes(value)) {
    problem(
      `is ${JSON.stringify(value)}; locally it can be ${shape.oneOf.map((one) => JSON.stringify(one)).join(' or ')}`,
    )
  }
}

function walkMap(value: unknown, place: Place): void {
  if (!isObject(value)) {
    place.findings.problems.push(`${place.path} must be a map of names to strings, not ${describe(value)}`)
    return
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      place.findings.problems.push(`${place.path}[${key}] must be a string, not ${describe(text)} (put it in quotes)`)
    }
  }
}

function walkList(value: unknown, of: Shape, place: Place): void {
  if (!Array.isArray(value)) {
    place.findings.problems.push(`${place.path} must be a list, not ${describe(value)}`)
    return
  }
  value.forEach((item: unknown, position) => {
    walk(item, of, { path: `${place.path}[${nameOf(item) ?? position}]`, findings: place.findings })
  })
}

function walkObject(value: unknown, fields: Readonly<Record<string, Field>>, place: Place): void {
  if (!isObject(value)) {
    place.findings.problems.push(`${place.path} must be an object, not ${describe(value)}`)
    return
  }
  for (const [name, inner] of Object.entries(value)) {
    const path = fieldPath(place.path, name)
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) place.findings.problems.push(`${path} is not supported locally`)
    else walk(inner, field, { path, findings: place.findings })
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field.required && (value[name] === undefined || value[name] === null)) {
      place.findings.problems.push(`${fieldPath(place.path, name)} is missing`)
    }
  }
}

/** `Job/billing: ` is the start of a path, where no dot follows. */
function fieldPath(path: string, name: string): string {
  return path.endsWith(': ') ? `${path}${name}` : `${path}.${name}`
}

/** Items of a list are named as people name them: by `name` where they have one. */
function nameOf(item: unknown): string | undefined {
  return isObject(item) && typeof item['name'] === 'string' ? item['name'] : undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return isObject(value) ? 'an object' : `the ${typeof value} ${JSON.stringify(value)}`
}
