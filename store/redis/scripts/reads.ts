import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, KEY_STATE, MONEY } from '../lua/calls.ts'
import { CLOSING_READS } from '../lua/reads.ts'
import { script } from '../script.ts'

/** A read is free and repeatable, but it is on record before it leaves, and a dead key admits none. */
export const ADMIT_READ = script({
  name: 'jobcapAdmitRead',
  purpose: 'a read, recorded before it is sent',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    keyId: 'the vault key',
    jobUid: 'empty without a Pod',
    callId: 'id of the record',
    actor: 'JSON of who asks, up to the label',
    told: 'JSON of the call',
    refusedCall: 'JSON of the call in a refusal',
    place: 'scope, digest, vendor, Pod UID and life, by tabs, without a day',
    rest: 'JSON of what only a reader of the record wants',
    endpointCode: 'code of the refusal of the endpoint; empty: allowed',
    leaseMs: 'how long the owner may take',
  },
  statuses: ['REFUSED', 'ADMITTED'],
  body: `${BASE}${CALLS}${MONEY}${KEY_STATE}
load({'key_id', 'status', 'expires_ms', 'label', 'job_newest', 'newest_ended', 'a'})
local who = actor .. (get('label') or 'null') .. '}'
local code = refuseKey(keyId, jobUid) or (endpointCode ~= '' and endpointCode)
if code then
  append(who, '"event":"call.refused",' .. refusedCall .. ',"code":"' .. code .. '","level":null')
  return {'REFUSED', code}
end
local c = {id = callId, state = 'reserved', epoch = 1, gen = 0, sends = 1, leaseMs = nowMs + leaseMs, reserved = 0, spent = 0,
  firstMs = text(nowMs), windowMs = 'never', status = '-', saved = '0', effect = '0', createdMs = text(nowMs), n = '-', read = '1', owner = '-',
  open = '-', object = '-', actor = who, told = told, day = '', accounts = '', lines = who .. '\\n' .. told .. '\\n' .. place .. '\\n' .. rest}
c.order = appendFirst(c, 'read.admitted')
call('ZADD', open, c.order, c.id)
addMoney(c, 0, 0, 1)
writeCall(c)
flush()
return {'ADMITTED'}
`,
})

export const CLOSE_READ = script({
  name: 'jobcapCloseRead',
  purpose: 'what the vendor answered to a read',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: { callId: 'the record', status: 'of the answer; null: the vendor did not answer' },
  statuses: ['closed'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${CLOSING_READS}
local c = readCall(callId)
if c then
  closeRead(c, status)
  flush()
end
return {'closed'}
`,
})

export const RECORD_REFUSAL = script({
  name: 'jobcapRecordRefusal',
  purpose: 'a call that was refused before it came to be numbered, for the record',
  keys: ['meta', 'run', 'accounts', 'audit'],
  args: {
    actor: 'JSON of who asks, up to the label',
    refusedCall: 'JSON of the call in a refusal',
    code: 'of the refusal',
  },
  statuses: ['recorded'],
  body: `${BASE}
append(actor .. (get('label') or 'null') .. '}', '"event":"call.refused",' .. refusedCall .. ',"code":"' .. code .. '","level":null')
return {'recorded'}
`,
})
