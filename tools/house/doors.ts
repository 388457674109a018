// Globals and Node modules that come in by one door each (runtime/), as settings of ESLint's own rules. What a process
// can be told of time, chance and its surroundings is then a parameter, which a simulator or a test can stand in for.

const TAKE = 'take it as a parameter: see runtime/'

export const closedGlobals = ['setTimeout', 'setInterval', 'setImmediate', 'performance', 'console'].map((name) => ({
  name,
  message: TAKE,
}))

export const closedProperties = [
  { object: 'Date', property: 'now', message: TAKE },
  { object: 'Math', property: 'random', message: TAKE },
  { object: 'crypto', property: 'randomUUID', message: TAKE },
  { object: 'crypto', property: 'getRandomValues', message: TAKE },
  { object: 'process', property: 'env', message: TAKE },
  { object: 'process', property: 'hrtime', message: TAKE },
  { object: 'process', property: 'stdout', message: TAKE },
  { object: 'process', property: 'stderr', message: TAKE },
  { object: 'AbortSignal', property: 'timeout', message: TAKE },
]

export const closedSyntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TAKE },
  { selector: "CallExpression[callee.name='Date']", message: TAKE },
]

export const closedImports = [
  { name: 'node:timers', message: TAKE },
  { name: 'node:timers/promises', message: TAKE },
  { name: 'node:perf_hooks', message: TAKE },
  {
    name: 'node:crypto',
    importNames: ['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync', 'randomFill'],
    message: TAKE,
  },
  { name: 'node:process', message: TAKE },
  { name: 'node:console', message: TAKE },
]

/** Waiting in a test: it awaits an event, or moves the test clock. */
export const closedToTests = ['setTimeout', 'setInterval'].map((name) => ({
  name,
  message: 'await an event, or move the test clock',
}))

/** The same wait by the back door. */
export const closedTestSyntax = [
  {
    selector: "MemberExpression[object.name='systemTimers'][property.name='sleep']",
    message: 'await an event, or move the test clock',
  },
]
