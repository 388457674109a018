import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeStripe } from './stripe.ts'

await runFakeVendor('stripe', (secret, clock) => fakeStripe({ secret, clock, random: systemRandom }))
