import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeAnthropic } from './anthropic.ts'

await runFakeVendor('anthropic', (secret) => fakeAnthropic({ secret, random: systemRandom }))
