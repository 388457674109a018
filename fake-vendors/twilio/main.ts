import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeTwilio } from './twilio.ts'

await runFakeVendor('twilio', (secret, clock) => fakeTwilio({ secret, clock, random: systemRandom }))
