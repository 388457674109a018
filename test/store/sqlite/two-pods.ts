// A process that admits two Pods in steps that come in together, and says so.
import { systemClock } from '../../../runtime/clock.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { openSqliteStore } from '../../../store/sqlite/open.ts'
import { SILENT, Stage } from '../stage.ts'

const [path = ''] = process.argv.slice(2)
const stage = new Stage()
stage.store = await openSqliteStore({ path, clock: systemClock, random: systemRandom, log: SILENT })
const admitted = await Promise.all([
  stage.exchange('a', { expiresAtMs: null }),
  stage.exchange('b', { index: 1, expiresAtMs: null }),
])
console.log(admitted.map(({ status }) => status).join(' '))
await stage.store.close()
