import { systemRandom } from '../../runtime/random.ts'
import { runFakeVendor } from '../command-line.ts'
import { fakeGeocoder } from './geocoder.ts'

await runFakeVendor('geocode', (secret) => fakeGeocoder({ secret, random: systemRandom }))
