import { systemClock } from '../../runtime/clock.ts'
import { readEnvironment } from '../../runtime/environment.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { readPort } from '../port.ts'
import { awaitReady } from './ready.ts'

// The proxy's postStart hook, a file of its own: the app waits for it, and to load the proxy once more takes as long as
// to start Node.
void awaitReady({ clock: systemClock, timers: systemTimers }, readPort(readEnvironment()) ?? 0).then((code) =>
  process.exit(code),
)
