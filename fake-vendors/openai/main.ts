import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeOpenai } from './openai.ts'

await runFakeVendor('openai', (secret, clock) => fakeOpenai({ secret, clock, random: systemRandom }))
