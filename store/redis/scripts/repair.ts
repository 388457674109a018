import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY, RELEASING, TAKING_OVER } from '../lua/calls.ts'
import { FROZEN } from '../lua/frozen.ts'
import { CLOSING_READS } from '../lua/reads.ts'
import { SEEN } from '../lua/seen.ts'
import { PURCHASES, SETTLING } from '../lua/settling.ts'
import { script } from '../script.ts'

export const REPAIR = script({
  name: 'jobcapRepair',
  purpose: 'M8: takes over one unresolved call, or resolves what need not be sent',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    callId: 'the record',
    nonce: 'of the send',
    leaseMs: 'how long the owner may be silent',
    isRepeated: '1: the reply to the same question was lost',
  },
  statuses: ['UNKNOWN_CALL', 'RESOLVED', 'LIVE', 'SEND', 'HELD'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${FROZEN}${TAKING_OVER}${CLOSING_READS}${SEEN}${SETTLING}${PURCHASES}
load({'d:' .. callId, 'b:' .. callId, 'x:' .. callId, 'a', 'status', 'is_run', 'closed', 'living'})
local c = readCall(callId)
if not c then return {'UNKNOWN_CALL'} end
local function done(status)
  flush()
  return callReply(status, c)
end
if c.state == 'settled' or c.state == 'released' then return done('RESOLVED') end
if c.state ~= 'in_doubt' and isLive(c) then
  local isOurs = isRepeated == '1' and c.owner == nonce and c.state == 'reserved'
  return done(isOurs and 'SEND' or 'LIVE')
end
if c.read == '1' then
  closeRead(c, 'null')
  return done('RESOLVED')
end
if c.windowMs == 'anew' then
  bookLost(c, '"the owner of the send is gone"')
  closeIfDone()
  return done('RESOLVED')
end
if mayRepeat(c) and get('status') ~= 'revoked' then
  if isFrozen(c) then return done('HELD') end
  startAgain(c, nonce, leaseMs)
  return done('SEND')
end
if wasNeverSent(c) then
  c.epoch = c.epoch + 1
  release(c, 'null', '"never sent, and its owner is gone"', '')
  closeIfDone()
  return done('RESOLVED')
end
if c.state ~= 'in_doubt' then
  c.epoch = c.epoch + 1
  putInDoubt(c, '"the owner of the send is gone"')
end
return done('HELD')
`,
})

export const RESOLVE = script({
  name: 'jobcapResolve',
  purpose: 'a person says what became of a call in doubt',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: { callId: 'the record', effect: '1 or 0', spent: 'micro-dollars' },
  statuses: ['NOT_IN_DOUBT', 'RESOLVED'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${SEEN}${SETTLING}
local c = readCall(callId)
if not c or c.state ~= 'in_doubt' then return {'NOT_IN_DOUBT'} end
local isNamed = c.n == '-'
if effect == '0' and not (isNamed and c.saved == '1') then
  c.epoch = c.epoch + 1
  if not isNamed and c.windowMs ~= 'never' and c.saved == '1' then c.gen, c.sends = c.gen + 1, 0 end
  release(c, 'null', '"a person found no effect at the vendor"', '')
else
  settle(c, {status = effect == '1' and '200' or '500', sealed = '', effect = effect, total = tonumber(spent),
    object = false, givesBack = false, unexpected = ''})
end
closeIfDone()
flush()
return callReply('RESOLVED', c)
`,
})
