// The image's entry: `start.cjs NAME …` runs the program of that name, as if it had been started itself.
const { join } = require('node:path')

// The kernel keeps signals from PID 1 that it has no listener for, and to load a program takes a second: a SIGTERM that
// comes meanwhile would be lost, and the Pod would stay until the end of its grace period.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(143)
  })
}

const PROGRAMS = {
  issuer: 'jobcap-issuer.cjs',
  proxy: 'jobcap-proxy.cjs',
  ledger: 'ledger/main.js',
  manager: 'controller/main.js',
  jobcap: 'cli/main.js',
}

const [name] = process.argv.splice(2, 1)
const program = Object.hasOwn(PROGRAMS, name ?? '') ? join(__dirname, 'dist', PROGRAMS[name]) : undefined
if (program === undefined) {
  console.error(`jobcap: the first argument is one of ${Object.keys(PROGRAMS).join(', ')}; got ${name ?? 'none'}`)
  process.exit(64)
}
process.argv[1] = program
if (program.endsWith('.cjs')) require(program)
else import(program)
