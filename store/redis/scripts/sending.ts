import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, KEY_STATE, MONEY, RELEASING } from '../lua/calls.ts'
import { FROZEN } from '../lua/frozen.ts'
import { SEEN } from '../lua/seen.ts'
import { PURCHASES, SETTLING } from '../lua/settling.ts'
import { script } from '../script.ts'

/** M1, M3 of `store/rules/send.ts`. The first write is one that a full memory allows, so that what is reserved can always settle. */
export const REPORT = script({
  name: 'jobcapReport',
  purpose: 'what became of one send: settled, released or in doubt',
  keys: ['meta', 'run', 'accounts', 'audit', 'open', 'objects'],
  args: {
    callId: 'the record',
    epoch: "the sender's",
    gen: "the sender's",
    nonce: 'of the send',
    outcome: 'definite, not_sent, unknown or found',
    status: 'of the definite answer',
    sealed: 'the answer, sealed; empty: not kept',
    effect: '1 or 0',
    total: 'micro-dollars of the object in all, or of the call',
    object: '= and the object that the call made or acted on; empty: none',
    objectJson: 'its JSON',
    givesBack: '= and the object whose dollars go back; empty: none',
    givesBackJson: 'its JSON',
    unexpected: '1: the vendor replayed a key that we had not sent before',
    refusal: 'JSON of what the app is told of a call that was not sent',
    reason: 'JSON of why it was not sent, or why its outcome is unknown',
    candidates:
      'found: status, effect, total, lengths of object, its JSON and the sealed answer, a line; then these three',
    isSaved: '1: the vendor keeps the failure under the key',
    handAttempt: 'Pod UID and life that the answer is written to; empty: none',
    handTo: 'boot of its sidecar, and = and the token where it has one',
  },
  statuses: ['UNKNOWN_CALL', 'settled', 'released', 'in_doubt', 'noted'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${SEEN}${SETTLING}${PURCHASES}
load({'d:' .. callId, 'x:' .. callId, 'a', 'is_run', 'closed', 'living', 'unseen', '#settled'})
local c = readCall(callId)
if not c then return {'UNKNOWN_CALL'} end
call('ZREM', open, '')
local isOwner = tonumber(epoch) == c.epoch
local isPending = c.state == 'reserved' or c.state == 'sent'
local answer, isAlarm = 'noted', false
if c.windowMs == 'anew' then
  if isOpen(c, nonce) then
    closeSend(c, nonce)
    if outcome == 'definite' then
      answer, isAlarm = settle(c, {status = status, sealed = sealed, effect = effect, total = tonumber(total), object = false,
        givesBack = false, unexpected = unexpected})
    elseif outcome == 'not_sent' then
      release(c, refusal, reason, sealed)
      answer = 'released'
    else
      bookLost(c, reason)
      answer = 'settled'
    end
  end
elseif outcome == 'definite' then
  local definite = {status = status, sealed = sealed, effect = effect, total = tonumber(total),
    object = object ~= '' and string.sub(object, 2), objectJson = objectJson,
    givesBack = givesBack ~= '' and string.sub(givesBack, 2), givesBackJson = givesBackJson, unexpected = unexpected}
  if tonumber(gen) ~= c.gen then
    answer, isAlarm = answerOfOlderGen(c, definite)
  else
    closeSend(c, nonce)
    answer, isAlarm = settle(c, definite)
  end
elseif outcome == 'found' then
  -- M5: by the one effect that no other record has, or not at all.
  local only, count, at = nil, 0, 1
  while at <= #candidates do
    local _, last, itsStatus, itsEffect, itsTotal, objectBytes, jsonBytes, sealedBytes =
      string.find(candidates, '^(%d+) (%d) (%d+) (%d+) (%d+) (%d+)\\n', at)
    local function take(bytes)
      local taken = string.sub(candidates, last + 1, last + bytes)
      last = last + bytes
      return taken
    end
    local one = {status = itsStatus, effect = itsEffect, total = tonumber(itsTotal), givesBack = false, unexpected = ''}
    one.object, one.objectJson, one.sealed = take(objectBytes), take(jsonBytes), take(sealedBytes)
    if not call('ZSCORE', objects, one.object) then only, count = one, count + 1 end
    at = last + 1
  end
  if c.state == 'in_doubt' and isOwner and tonumber(gen) == c.gen and count == 1 then answer, isAlarm = settle(c, only) end
elseif outcome == 'not_sent' then
  local isUnmarked = c.windowMs == 'never' and c.state == 'reserved' and c.open == '-'
  if (isPending or c.state == 'in_doubt') and (isOpen(c, nonce) or isUnmarked) then
    closeSend(c, nonce)
    if isOwner and c.open == '-' then
      release(c, refusal, reason, sealed)
      answer = 'released'
    elseif isOwner then
      putInDoubt(c, '"another send of the call is open"')
      answer = 'in_doubt'
    else
      writeCall(c)
    end
  end
elseif isOwner and isPending then
  if isSaved == '1' then c.saved = '1' end
  putInDoubt(c, reason)
  answer = 'in_doubt'
end
-- Whoever reports hands its answer on, also where another owner of the call has settled it before.
if handAttempt ~= '' and c.state == 'settled' and c.n ~= '-' and c.n ~= '~' then
  set('h:' .. handAttempt .. '|' .. linesOf(c).digest .. '|' .. c.n, handTo)
end
if answer == 'settled' or answer == 'released' then closeIfDone() end
flush()
-- What it was just given is not sent back.
local isGiven = c.isBooked and outcome == 'definite'
return {answer, c.id, get('d:' .. c.id), linesOf(c).lines, isGiven and '' or get('b:' .. c.id) or '',
  get('x:' .. c.id) or '', isAlarm and '1' or '', isGiven and '1' or ''}
`,
})

export const MARK_SENT = script({
  name: 'jobcapMarkSent',
  purpose: 'M2: the durable mark before a send that may never be repeated',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    callId: 'the record',
    epoch: "the sender's",
    nonce: 'of the send',
    leaseMs: 'how long the owner may be silent',
    isRepeated: '1: the reply to the same question was lost',
  },
  statuses: ['UNKNOWN_CALL', 'refused', 'marked'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${FROZEN}${KEY_STATE}
load({'d:' .. callId, 'x:' .. callId, 'a', 'status', 'expires_ms', 'is_run', 'closed', 'living'})
local c = readCall(callId)
if not c then return {'UNKNOWN_CALL'} end
local isOwner = tonumber(epoch) == c.epoch
if isRepeated == '1' and c.state == 'sent' and isOwner and isOpen(c, nonce) then return {'marked'} end
if c.state ~= 'reserved' or not isOwner or isFrozen(c) then return {'refused'} end
call('ZREM', open, '')
if not get('status') or refuseDeadKey() then
  release(c, 'null', '"the key ended before the send"', '')
  closeIfDone()
  flush()
  return {'refused'}
end
appendOf(c, 'call.sent')
c.state = 'sent'
openSend(c, nonce)
c.sends = c.sends + 1
if c.firstMs == '-' then c.firstMs = text(nowMs) end
c.leaseMs = nowMs + leaseMs
writeCall(c)
flush()
return {'marked'}
`,
})

export const RENEW_LEASE = script({
  name: 'jobcapRenewLease',
  purpose: 'keeps the lease of sends of one run; of an older epoch they are left out silently',
  keys: ['meta', 'run', 'accounts'],
  args: { sends: 'callId and epoch, a line each', leaseMs: 'how long the owner may be silent' },
  statuses: ['renewed'],
  body: `${BASE}${CALLS}
for callId, epoch in string.gmatch(sends, '(%S+) (%d+)\\n') do
  local c = readCall(callId)
  if c and c.epoch == tonumber(epoch) and (c.state == 'reserved' or c.state == 'sent') then
    c.leaseMs = nowMs + leaseMs
    writeCall(c)
  end
end
call('HDEL', run, '')
flush()
return {'renewed'}
`,
})

export const RECORD_SEEN = script({
  name: 'jobcapRecordSeen',
  purpose: 'facts that a sidecar hands in by themselves',
  keys: ['meta', 'run', 'accounts'],
  args: {
    scope: 'where numbering happens, without the UID of the run',
    podUid: 'of the sidecar',
    facts: 'life, digest, n, = and the token, by tabs; a line each',
  },
  statuses: ['recorded'],
  body: `${BASE}${SEEN}
local seenFacts = splitFacts(facts)
loadFacts(scope, podUid, seenFacts, {'key_id', 'unseen'})
if get('key_id') then recordSeen(scope, podUid, seenFacts) end
call('HDEL', run, '')
flush()
return {'recorded'}
`,
})
