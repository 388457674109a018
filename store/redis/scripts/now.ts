import { BASE } from '../lua/base.ts'
import { script } from '../script.ts'

export const NOW = script({
  name: 'jobcapNow',
  purpose: "the store's time, for a question that is not a step",
  keys: ['meta', 'run', 'accounts'],
  args: {},
  statuses: ['now'],
  body: `${BASE}
return {'now', text(nowMs)}
`,
})

/** How far the clock may be behind before the next `tick` without being noticed; it is far below any vendor's window. */
export const TICK = script({
  name: 'jobcapTick',
  purpose: 'keeps the time from going back: notes how far it came, and makes up for a clock that was set back',
  keys: ['meta', 'run', 'accounts'],
  args: {},
  statuses: ['ticked'],
  body: `${BASE}
local raw = time[1] * 1000 + math.floor(time[2] / 1000) + (held[4] or 0)
call('HDEL', meta, '')
if held[3] and raw < held[3] - 1000 then call('HSET', meta, 'skew_ms', text((held[4] or 0) + held[3] - raw)) end
call('HSET', meta, 'high_ms', text(nowMs))
return {'ticked'}
`,
})

export const TRY_ROOM = script({
  name: 'jobcapTryRoom',
  purpose: 'fails where Redis is full: its one write makes it larger',
  keys: ['meta', 'run', 'accounts'],
  args: {},
  statuses: ['taken'],
  body: `${BASE}
call('HSET', meta, 'tried', '1')
return {'taken'}
`,
})

export const RECORD_GIVEN_UP = script({
  name: 'jobcapRecordGivenUp',
  purpose: 'says in the record that a person has given up the journal of a replica',
  keys: ['meta', 'run', 'accounts', 'audit'],
  args: { replicaId: 'of the ledger' },
  statuses: ['recorded'],
  body: `${BASE}
-- A full memory must not hold up a recovery.
call('HDEL', meta, '')
append('{"keyId":null,"runUid":null,"jobUid":null,"podUid":null,"podName":null,"index":null,"namespace":null,"label":null}',
  '"event":"journal.given_up","replicaId":' .. cjson.encode(replicaId))
return {'recorded'}
`,
})
