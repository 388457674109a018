import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeResend } from './resend.ts'

await runFakeVendor('resend', (secret, clock) => fakeResend({ secret, clock, random: systemRandom }))
