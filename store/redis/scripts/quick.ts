import { CLOCK } from '../lua/base.ts'
import { script } from '../script.ts'

/**
 * The steps of nearly every call, when nothing about it is special: without functions, which Redis would make anew for
 * each call of a script, and with as few commands as there are keys. Whatever is not the plainest case is WHOLE before
 * anything is written: NUMBER or REPORT then decide. What is written is exactly what they would write.
 */
export const QUICK_NUMBER = script({
  name: 'jobcapQuickNumber',
  purpose: 'reserves a call that is new, the first of its content and of its core, and has room under every cap',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    who: 'the vault key and the Job of the Pod',
    callId: 'id of the record, if one is made',
    lines: 'of the record: who asks, and the call under its number 1',
    dayFromMs: 'when the day begins that the ledger takes for today',
    dayField: 'sums of the run and that day',
    attempt: 'Pod UID and life',
    lastField: 'what the fence of ords last let through',
    scopeField: "the scope's newest attempt",
    progressField: 'how far the scope has come',
    lowField: 'what the attempt has read of the content',
    occurrenceField: 'call 1 of the content',
    coreField: 'calls of the core; empty without a core',
    coreFirst: 'what is noted of call 1 under its core, up to its id',
    lifeField: 'that the attempt has asked',
    ord: "boot and seq of the request's ord",
    total: 'micro-dollars that the call moves or costs at most, above 0',
    windowMs: 'how long after its first send a call may be repeated; never: not at all; anew: as another purchase',
    nonce: 'of the send',
    leaseMs: 'how long the owner may be silent',
    sealedRequest: 'as the vendor is to get it',
    policyLimit: 'micro-dollars of policy and day; empty: none',
    vendorLimit: 'micro-dollars of policy, vendor and day; empty: none',
    namespaceLimit: 'micro-dollars of policy, namespace and day; empty: none',
    policyAccount: 'name of the account of policy and day',
    vendorAccount: 'name of the account of policy, vendor and day',
    namespaceAccount: 'name of the account of policy, namespace and day',
    passed: 'levels of the policy that have a limit',
    rates: 'what the event adds about the currency table; empty: US dollars',
  },
  statuses: ['WHOLE', 'SEND'],
  body: `${CLOCK}
local plain, ofRun, ofDay, last, newest, low, occurrence, twins, record, progress, hasLived = unpack(call('HMGET', run,
  'plain', 'a', dayField, lastField, scopeField, lowField, occurrenceField, coreField, 'd:' .. callId, progressField, lifeField))
local itsWho, expiresMs, cap, dayCap = match(plain or '', '^(%S+ %S+) (%S+) (%S+) (%S+)$')
-- Only Redis' clock says which day it is: at another day than the ledger's, NUMBER finds its name.
local sinceDayBegan = nowMs - dayFromMs
if sinceDayBegan < 0 or sinceDayBegan >= 86400000 or held[6] or held[2] and 'a:' .. held[2] == dayField or itsWho ~= who
  or expiresMs ~= '-' and tonumber(expiresMs) <= nowMs or not ofRun or last or newest ~= attempt or low or occurrence or twins or record then return {'WHOLE'} end

local sums = call('HMGET', accounts, policyAccount, vendorAccount, namespaceAccount)
local amount, none, most = tonumber(total), '0 0', 9007199254740991
local runSpent, runReserved, isCounted, unresolved = match(ofRun, '^(%S+) (%S+) ?(%+?)(%S*)$')
local daySpent, dayReserved, policySpent, policyReserved, vendorSpent, vendorReserved, namespaceSpent, namespaceReserved = match(
  (ofDay or none) .. ' ' .. (sums[1] or none) .. ' ' .. (sums[2] or none) .. ' ' .. (sums[3] or none),
  '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
-- What will be reserved.
runReserved, dayReserved, policyReserved, vendorReserved, namespaceReserved = runReserved + amount, dayReserved + amount,
  policyReserved + amount, vendorReserved + amount, namespaceReserved + amount
if runReserved > (cap ~= '-' and cap or most) - runSpent
  or dayReserved > (dayCap ~= '-' and dayCap or most) - daySpent
  or policyReserved > (policyLimit ~= '' and policyLimit or most) - policySpent
  or vendorReserved > (vendorLimit ~= '' and vendorLimit or most) - vendorSpent
  or namespaceReserved > (namespaceLimit ~= '' and namespaceLimit or most) - namespaceSpent then return {'WHOLE'} end
local newestOrder, inFlight = 0, 0
if progress then newestOrder, inFlight = match(progress, '^(%d+) (%d+)$') end

local now = format('%d', nowMs)
local id = call('XADD', audit, '0-*', 'm', '"atMs":' .. now .. ',"event":"call.reserved","reservedUsdMicros":' .. total
  .. ',"levels":["run","run_day","policy_day","policy_vendor_day","policy_namespace_day"]' .. rates, 'l', lines)
local order = match(id, '%-(%d+)$')
call('ZADD', open, order, callId)
local isMaybeSent = windowMs ~= 'never'
local packed = 'reserved 1 0 ' .. (isMaybeSent and '1 ' or '0 ') .. format('%d', nowMs + leaseMs) .. ' ' .. total .. ' 0 '
  .. (isMaybeSent and now or '-') .. ' ' .. windowMs .. ' - 0 0 ' .. now .. ' ' .. order .. ' ' .. order .. ' 1 0 ' .. nonce .. ' '
  .. (isMaybeSent and nonce or '-') .. ' -'
local more = coreField ~= '' and {coreField, coreFirst .. callId} or {}
if hasLived ~= '1' then
  more[#more + 1] = lifeField
  more[#more + 1] = '1'
end
call('HSET', run, 'd:' .. callId, packed, 'b:' .. callId, sealedRequest, occurrenceField, callId,
  'a', runSpent .. format(' %d %s%d', runReserved, isCounted, (unresolved == '' and 0 or unresolved) + 1),
  dayField, daySpent .. format(' %d', dayReserved),
  progressField, format('%d %d', math.max(newestOrder, order), inFlight + 1), lastField, ord .. ' ' .. callId, unpack(more))
call('HSET', accounts, policyAccount, policySpent .. format(' %d', policyReserved),
  vendorAccount, vendorSpent .. format(' %d', vendorReserved), namespaceAccount, namespaceSpent .. format(' %d', namespaceReserved))
return {'SEND', now, order, (cap ~= '-' and 'run ' or '') .. (dayCap ~= '-' and 'run_day ' or '') .. passed}
`,
})

/**
 * Of a call that this ledger reserved and nobody has touched since, it is told what stays of the record: what it need not
 * read. The first write is one that a full memory allows, so that what is reserved can always settle.
 */
export const QUICK_REPORT = script({
  name: 'jobcapQuickReport',
  purpose: 'settles a numbered call by the first definite answer with an effect, within what it reserved',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    callId: 'the record',
    gen: "the sender's",
    status: 'of the definite answer',
    sealed: 'the answer, sealed',
    total: 'micro-dollars of the object in all, or of the call',
    object: '= and the object that the call made or acted on; empty: none',
    objectJson: 'its JSON',
    dayField: 'sums of the run and the day of the reservation',
    progressField: 'how far the scope has come',
    occurrenceField: 'the call under its content and number',
    effectsField: 'effects of the content',
    earlyField: 'who read the answer before it is on record',
    objectField: 'what other calls paid for the object; empty without one',
    policyAccount: 'name of the account of policy and day',
    vendorAccount: 'name of the account of policy, vendor and day',
    namespaceAccount: 'name of the account of policy, namespace and day',
    handField: 'to whom the answer is written; empty: to nobody',
    handTo: 'boot of its sidecar, and = and the token where it has one',
  },
  statuses: ['WHOLE', 'settled'],
  body: `${CLOCK}
local packed, ofRun, living, unseen, settled, ofDay, progress, occurrence, effects, early, shares = unpack(call('HMGET', run,
  'd:' .. callId, 'a', 'living', 'unseen', '#settled', dayField, progressField, occurrenceField, effectsField, earlyField, objectField))
if not packed or not ofRun or living == '0' or not ofDay or not progress or occurrence ~= callId or effects or early
  or object ~= '' and shares then return {'WHOLE'} end
local state, itsGen, itsReserved, firstMs, windowMs, createdMs, order, at, n, owner, itsObject = match(packed,
  '^(%S+) 1 (%S+) 1 %S+ (%S+) 0 (%S+) (%S+) %- 0 0 (%S+) (%S+) (%S+) (%d+) 0 (%S+) %S+ (.*)$')
if state ~= 'reserved' and state ~= 'sent' or itsGen ~= gen or windowMs == 'anew' or windowMs == 'never' or itsObject ~= '-'
  then return {'WHOLE'} end
local spent, reserved = tonumber(total), tonumber(itsReserved)
if spent > reserved or spent <= 0 then return {'WHOLE'} end

local sums = call('HMGET', accounts, policyAccount, vendorAccount, namespaceAccount)
if not sums[1] or not sums[2] or not sums[3] then return {'WHOLE'} end
local runSpent, runReserved, isCounted, unresolved = match(ofRun, '^(%S+) (%S+) ?(%+?)(%S*)$')
local daySpent, dayReserved, policySpent, policyReserved, vendorSpent, vendorReserved, namespaceSpent, namespaceReserved = match(
  ofDay .. ' ' .. sums[1] .. ' ' .. sums[2] .. ' ' .. sums[3], '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
-- What will be spent.
runSpent, daySpent, policySpent, vendorSpent, namespaceSpent = runSpent + spent, daySpent + spent, policySpent + spent,
  vendorSpent + spent, namespaceSpent + spent
if math.max(runSpent, daySpent, policySpent, vendorSpent, namespaceSpent) > 9007199254740991 then return {'WHOLE'} end
local newestOrder, inFlight = match(progress, '^(%d+) (%d+)$')

call('ZREM', open, callId)
call('XADD', audit, '0-*', 'm', '"atMs":' .. format('%d', nowMs) .. ',"event":"call.settled","spentUsdMicros":' .. total
  .. ',"status":' .. status .. ',"object":' .. objectJson .. ',"isOverrun":false', 'o', at)
packed = 'settled 1 ' .. gen .. ' 1 0 0 ' .. total .. ' ' .. firstMs .. ' ' .. windowMs .. ' ' .. status
  .. ' 0 1 ' .. createdMs .. ' ' .. order .. ' ' .. at .. ' ' .. n .. ' 0 ' .. owner .. ' - ' .. (object == '' and '-' or object)
local more = object ~= '' and {objectField, callId .. ' ' .. total .. '\\n'} or {}
if handField ~= '' then
  more[#more + 1] = handField
  more[#more + 1] = handTo
end
call('HSET', run, 'd:' .. callId, packed, 'b:' .. callId, sealed, occurrenceField, callId .. '+', effectsField, '1 0', 'unseen', (unseen or 0) + 1,
  '#settled', (settled or 0) + 1,
  'a', format('%d %d %s%d', runSpent, runReserved - reserved, isCounted, (unresolved == '' and 0 or unresolved) - 1),
  dayField, format('%d %d', daySpent, dayReserved - reserved),
  progressField, format('%d %d', math.max(newestOrder, order), inFlight - 1), unpack(more))
call('HSET', accounts, policyAccount, format('%d %d', policySpent, policyReserved - reserved),
  vendorAccount, format('%d %d', vendorSpent, vendorReserved - reserved),
  namespaceAccount, format('%d %d', namespaceSpent, namespaceReserved - reserved))
return {'settled'}
`,
})

export const QUICK_SEEN = script({
  name: 'jobcapQuickSeen',
  purpose:
    'records the first answers of their contents as read; answers with the facts that are anything else, unrecorded',
  keys: ['meta', 'run'],
  args: {
    scope: 'where numbering happens, without the UID of the run',
    podUid: 'of the sidecar',
    facts: 'life, digest, n, = and the token, by tabs; a line each',
  },
  statuses: ['recorded'],
  body: `${CLOCK}
local fields, first, left, isTaken = {'key_id', 'unseen'}, {}, {}, {}
for line, life, digest, n, token in string.gmatch(facts, '(([^\\t\\n]*)\\t([^\\t\\n]*)\\t([^\\t\\n]*)\\t([^\\n]*)\\n)') do
  if n ~= '1' or isTaken[digest] then
    left[#left + 1] = line
  else
    isTaken[digest] = true
    local of, at = podUid .. '/' .. life .. '|' .. digest, #fields
    fields[at + 1], fields[at + 2], fields[at + 3] = 'S:' .. of, 'n:' .. scope .. '|' .. digest .. '|1', 'w:' .. scope .. '|' .. digest
    first[#first + 1] = {line = line, of = of, token = token}
  end
end
local values = call('HMGET', run, unpack(fields))
if not values[1] then return {'recorded', ''} end

local kept, recorded = {}, 0
for i = 1, #first do
  local at, fact = 3 * i, first[i]
  local low, occurrence, effects = values[at], values[at + 1], values[at + 2]
  if not low and occurrence and string.byte(occurrence, -1) == 43 and effects == '1 0' then
    recorded = recorded + 1
    kept[#kept + 1] = fields[at]
    kept[#kept + 1] = '2 1'
    kept[#kept + 1] = fields[at + 2]
    kept[#kept + 1] = '1 1'
    if fact.token ~= '' then
      kept[#kept + 1] = 's:' .. fact.of .. '|1'
      kept[#kept + 1] = fact.token
    end
  else
    left[#left + 1] = fact.line
  end
end
if recorded > 0 then
  call('HDEL', run, '')
  call('HSET', run, 'unseen', (values[2] or 0) - recorded, unpack(kept))
end
return {'recorded', table.concat(left)}
`,
})
