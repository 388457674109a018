// A process that writes step after step and says each on a line of its own, once it was acknowledged. Killed by a test.
import { writeSync } from 'node:fs'
import { systemClock } from '../../../runtime/clock.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { openSqliteStore } from '../../../store/sqlite/open.ts'
import { SILENT, Stage } from '../stage.ts'

const [path = '', life = '1'] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)

const stage = new Stage(Number(life))
try {
  stage.store = await openSqliteStore({ path, clock: systemClock, random: systemRandom, log: SILENT })
} catch (fault) {
  say(`refused: ${String(fault)}`)
  process.exit(1)
}
const a = await stage.pod(`pod-${life}`, { job: `job-${life}`, expiresAtMs: null })
say('open')
for (let at = 0; ; at += 1) {
  const { call, ref } = await stage.send(a, { content: `call ${at}` })
  say(`reserved ${call.callId}`)
  await stage.settle(ref)
  say(`settled ${call.callId}`)
}
