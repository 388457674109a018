import { EXIT_MISCONFIGURED } from '../../contract/exit-codes.ts'
import { systemClock } from '../../runtime/clock.ts'
import { readEnvironment } from '../../runtime/environment.ts'
import { createLeanLog } from '../../runtime/lean-log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { systemFiles } from '../files.ts'
import { connectLedger } from '../ledger-link.ts'
import { readIssuerConfig } from './config.ts'
import { issue } from './issue.ts'
import { tellProxyAt } from './tell-proxy.ts'

/** The init container `jobcap-issuer`: exit codes in `contract/exit-codes.ts`; 1 is a fault of ours. */
async function main(): Promise<number> {
  const env = readEnvironment()
  const log = createLeanLog('jobcap-issuer', env['JOBCAP_LOG_LEVEL'])
  const config = readIssuerConfig(env)
  if (typeof config === 'string') {
    log.fatal(config)
    return EXIT_MISCONFIGURED
  }
  const effects = {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    files: systemFiles,
    ledger: connectLedger(config.ledger, systemTimers),
    tellProxy: tellProxyAt(config.port),
    log,
  }
  try {
    return await issue(effects, config)
  } catch (fault) {
    log.fatal({ err: fault }, 'the credential could not be issued')
    return 1
  }
}

// An init container holds no state worth a farewell, and as PID 1 it would not hear the signal at all.
process.on('SIGTERM', () => process.exit(143))
void main().then((code) => process.exit(code))
