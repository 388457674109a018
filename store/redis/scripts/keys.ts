import { BASE, DAY } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY, RELEASING } from '../lua/calls.ts'
import { FROZEN, THAWING } from '../lua/frozen.ts'
import { CLOSING_READS } from '../lua/reads.ts'
import { JOBS, KEY_ACTOR, REVOKING } from '../lua/runs.ts'
import { script } from '../script.ts'

export const CREATE_KEY = script({
  name: 'jobcapCreateKey',
  purpose: 'a key for a client without a Job: it is its own run',
  keys: ['meta', 'run', 'accounts', 'audit', 'runs', 'ends', 'found'],
  args: {
    runTag: 'name of the hash of the run',
    keyId: 'the vault key, and its run',
    hash: 'of the secret',
    label: 'JSON',
    fixed: 'JSON of what never changes',
    cap: 'micro-dollars; empty: none',
    dayCap: 'micro-dollars; empty: none',
    expiresMs: 'since the epoch; empty: never',
    endpoints: 'JSON',
  },
  statuses: ['EXISTS', 'CREATED'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${KEY_ACTOR}
if get('key_id') then return {'EXISTS'} end
cached['key_id'], cached['run_uid'], cached['label'], cached['namespace'] = keyId, keyId, label, false
append(keyActor(), '"event":"key.created","capUsdMicros":' .. orNull(cap) .. ',"dailyCapUsdMicros":' .. orNull(dayCap))
call('ZADD', runs, nowMs, runTag)
if expiresMs ~= '' then call('ZADD', ends, expiresMs, runTag) end
call('HSET', found, 'k:' .. keyId, runTag, 'h:' .. hash, runTag)
local row = {'key_id', keyId, 'run_uid', keyId, 'label', label, 'key_fixed', fixed, 'key_created_ms', text(nowMs), 'cap', cap,
  'day_cap', dayCap, 'expires_ms', expiresMs, 'endpoints', endpoints, 'status', 'active', 'by_person', '1',
  'persons', '["capUsdMicros","dailyCapUsdMicros"]', 'ended_ms', '', 'retention', 'kept', 'version', '1', 'a', get('a') or '0 0 +0'}
for i = 1, #row, 2 do set(row[i], row[i + 1]) end
flush()
return {'CREATED'}
`,
})

export const SET_LIMITS = script({
  name: 'jobcapSetLimits',
  purpose: 'limits set by a person; they stay until a person changes them',
  keys: ['meta', 'run', 'accounts', 'audit'],
  args: {
    keyId: 'the vault key',
    cap: 'micro-dollars; empty: none; -: unchanged',
    dayCap: 'micro-dollars; empty: none; -: unchanged',
  },
  statuses: ['UNKNOWN_KEY', 'SET'],
  body: `${BASE}${DAY}${CALLS}${MONEY}${CLOSING}${FROZEN}${THAWING}${KEY_ACTOR}${JOBS}
if get('key_id') ~= keyId then return {'UNKNOWN_KEY'} end
if cap == '-' then cap = get('cap') else cached['persons'] = withPerson('capUsdMicros') end
if dayCap == '-' then dayCap = get('day_cap') else cached['persons'] = withPerson('dailyCapUsdMicros') end
append(keyActor(), '"event":"key.raised","capUsdMicros":' .. orNull(cap) .. ',"dailyCapUsdMicros":' .. orNull(dayCap))
set('cap', cap)
set('day_cap', dayCap)
set('persons', get('persons'))
set('by_person', get('persons') == '[]' and '0' or '1')
newVersion()
thawByRaise()
flush()
return {'SET'}
`,
})

export const REVOKE = script({
  name: 'jobcapRevoke',
  purpose: 'nothing is admitted after this; what was admitted before and is not resolved yet is named',
  keys: ['meta', 'run', 'accounts', 'audit', 'open', 'ends'],
  args: {
    runTag: 'name of the hash of the run',
    keyId: 'the vault key',
    runMark: 'what the ids of the calls of the run begin with',
  },
  statuses: ['UNKNOWN_KEY', 'REVOKED'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${CLOSING_READS}${KEY_ACTOR}${REVOKING}${JOBS}
if get('key_id') ~= keyId then return {'UNKNOWN_KEY'} end
local wasRevoked = get('status') == 'revoked'
-- A full memory must not keep a key alive.
call('ZREM', open, '')
if not wasRevoked then
  set('status', 'revoked')
  newVersion()
  if get('ended_ms') == '' then
    set('ended_ms', text(nowMs))
    call('ZADD', ends, nowMs, runTag)
  end
end
local inFlight, named = releaseUnsent()
if not wasRevoked then append(keyActor(), '"event":"key.revoked","inFlight":[' .. table.concat(named, ',') .. ']') end
closeIfDone()
flush()
return {'REVOKED', unpack(inFlight)}
`,
})

export const OPEN_DAY_CAPS = script({
  name: 'jobcapOpenDayCaps',
  purpose: 'day caps no longer count as spent',
  keys: ['meta', 'run', 'accounts'],
  args: {},
  statuses: ['opened'],
  body: `${BASE}
call('HSET', meta, 'held_day', '')
return {'opened'}
`,
})
