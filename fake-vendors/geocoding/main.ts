import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeGeocoding } from './geocoding.ts'

await runFakeVendor('geocoding', (secret) => fakeGeocoding({ secret, random: systemRandom }))
