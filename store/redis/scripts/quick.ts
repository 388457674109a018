import { CLOCK, DAY_NOW } from '../lua/base.ts'
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
    keyId: 'the vault key',
    jobUid: 'of the Pod',
    callId: 'id of the record, if one is made',
    actor: 'JSON of who asks, up to the label',
    told: 'JSON of the call under its number 1',
    placeHead: 'scope, digest, vendor, attempt, by tabs',
    placeTail: 'names of the accounts up to the day, by tabs; then JSON of what only a reader wants',
    attempt: 'Pod UID and life',
    lastField: 'what the fence of ords last let through',
    scopeField: "the scope's newest attempt",
    progressField: 'how far the scope has come',
    lowField: 'what the attempt has read of the content',
    occurrenceField: 'call 1 of the content',
    handedField: 'whether call 1 was handed over',
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
    policyAccount: 'name of the account up to the day',
    vendorAccount: 'name of the account up to the day',
    namespaceAccount: 'name of the account up to the day',
    passed: 'levels of the policy that have a limit',
    rates: 'what the event adds about the currency table; empty: US dollars',
  },
  statuses: ['WHOLE', 'SEND'],
  body: `${CLOCK}${DAY_NOW}
local key, status, expiresMs, jobNewest, newestEnded, isRun, needsNamed, label, cap, dayCap, ofRun, ofDay, last, newest, low, occurrence,
  handed, twins, record, progress, hasLived = unpack(call('HMGET', run, 'key_id', 'status', 'expires_ms', 'job_newest', 'newest_ended',
  'is_run', 'needs_named', 'label', 'cap', 'day_cap', 'a', 'a:' .. day, lastField, scopeField, lowField, occurrenceField, handedField,
  coreField, 'd:' .. callId, progressField, lifeField))
if held[6] or held[2] == day or key ~= keyId or status ~= 'active' or expiresMs ~= '' and tonumber(expiresMs) <= nowMs
  or jobNewest ~= jobUid or newestEnded == '1' or not isRun or needsNamed == '1' or not ofRun or last or newest ~= attempt or low
  or occurrence or handed or twins or record then return {'WHOLE'} end

local names = {policyAccount .. day, vendorAccount .. day, namespaceAccount .. day}
local sums = call('HMGET', accounts, names[1], names[2], names[3])
local balances, limits = {ofRun, ofDay, sums[1], sums[2], sums[3]}, {cap, dayCap, policyLimit, vendorLimit, namespaceLimit}
local amount = tonumber(total)
for i = 1, 5 do
  local spent, reserved, unresolved = '0', '0', ''
  if balances[i] then spent, reserved, unresolved = match(balances[i], '^(%S+) (%S+) ?(%S*)$') end
  local limit = limits[i]
  if not limit or limit == '' then limit = 9007199254740991 end
  if amount > limit - spent - reserved then return {'WHOLE'} end
  balances[i] = spent .. ' ' .. format('%.0f', reserved + amount)
  if i == 1 then balances[i] = balances[i] .. ' ' .. (unresolved == '' and 0 or unresolved) + 1 end
end
local newestOrder, inFlight = 0, 0
if progress then newestOrder, inFlight = match(progress, '^(%d+) (%d+)$') end

local now, reserved = format('%.0f', nowMs), format('%.0f', amount)
local who = actor .. (label or 'null') .. '}'
local id = call('XADD', audit, '0-*', 'e', '{"atMs":' .. now .. ',"actor":' .. who .. ',"event":"call.reserved","call":' .. told
  .. ',"reservedUsdMicros":' .. reserved
  .. ',"levels":["run","run_day","policy_day","policy_vendor_day","policy_namespace_day"]' .. rates .. '}')
local order = match(id, '%-(%d+)$')
call('ZADD', open, order, callId)
local isMaybeSent = windowMs ~= 'never'
local packed = 'reserved 1 0 ' .. (isMaybeSent and '1 ' or '0 ') .. format('%.0f', nowMs + leaseMs) .. ' ' .. reserved .. ' 0 '
  .. (isMaybeSent and now or '-') .. ' ' .. windowMs .. ' - 0 0 ' .. now .. ' ' .. order .. ' 1 0 ' .. nonce .. ' '
  .. (isMaybeSent and nonce or '-') .. ' -'
local lines = who .. '\\n' .. told .. '\\n' .. placeHead .. '\\t' .. day .. '\\t' .. placeTail
local kept = {'d:' .. callId, packed, 'c:' .. callId, lines, 'b:' .. callId, sealedRequest, occurrenceField, callId, 'a', balances[1],
  'a:' .. day, balances[2], progressField, math.max(newestOrder, order) .. ' ' .. inFlight + 1, lastField, ord .. ' ' .. callId}
if coreField ~= '' then
  kept[17], kept[18], kept[19], kept[20] = coreField, '1', coreField .. '|1', coreFirst .. callId
end
if hasLived ~= '1' then
  kept[#kept + 1] = lifeField
  kept[#kept + 1] = '1'
end
call('HSET', run, unpack(kept))
call('HSET', accounts, names[1], balances[3], names[2], balances[4], names[3], balances[5])
return {'SEND', callId, packed, lines, '', '', '1', (cap and cap ~= '' and 'run ' or '') .. (dayCap and dayCap ~= '' and 'run_day ' or '')
  .. passed}
`,
})

/** The first write is one that a full memory allows, so that what is reserved can always settle. */
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
    handAttempt: 'Pod UID and life that the answer is written to; empty: none',
    handTo: 'boot of its sidecar, and = and the token where it has one',
  },
  statuses: ['WHOLE', 'settled'],
  body: `${CLOCK}
local packed, lines, ofRun, isRun, isClosed, living, notSent, unseen = unpack(call('HMGET', run, 'd:' .. callId, 'c:' .. callId, 'a',
  'is_run', 'closed', 'living', 'x:' .. callId, 'unseen'))
if not packed or not lines or not ofRun or notSent or isRun and isClosed ~= '1' and living == '0' then return {'WHOLE'} end
local state, epoch, itsGen, sends, reserved, firstMs, windowMs, saved, createdMs, order, n, owner, itsObject = match(packed,
  '^(%S+) (%S+) (%S+) (%S+) %S+ (%S+) 0 (%S+) (%S+) %- (%S+) 0 (%S+) (%S+) (%d+) 0 (%S+) %S+ (.*)$')
if state ~= 'reserved' and state ~= 'sent' or itsGen ~= gen or windowMs == 'anew' or windowMs == 'never' or itsObject ~= '-'
  then return {'WHOLE'} end
local actor, told, scope, digest, vendor, day, first, second, third = match(lines,
  '^([^\\n]*)\\n([^\\n]*)\\n([^\\t\\n]*)\\t([^\\t\\n]*)\\t([^\\t\\n]*)\\t[^\\t\\n]*\\t([^\\t\\n]+)\\t([^\\t\\n]+)\\t([^\\t\\n]+)\\t([^\\t\\n]+)\\n')
local spent = tonumber(total)
if not actor or spent > tonumber(reserved) or spent <= 0 then return {'WHOLE'} end

local place = scope .. '|' .. digest
local occurrenceField, effectsField, objectField = 'n:' .. place .. '|' .. n, 'w:' .. place, 'j:' .. vendor .. '|' .. string.sub(object, 2)
local ofDay, progress, occurrence, effects, early, shares = unpack(call('HMGET', run, 'a:' .. day, 'g:' .. scope, occurrenceField,
  effectsField, 'y:' .. place .. '|' .. n, objectField))
if not ofDay or not progress or occurrence ~= callId or effects or early or object ~= '' and shares then return {'WHOLE'} end
local names = {first .. day, second .. day, third .. day}
local sums = call('HMGET', accounts, names[1], names[2], names[3])
local balances = {ofRun, ofDay, sums[1], sums[2], sums[3]}
for i = 1, 5 do
  if not balances[i] then return {'WHOLE'} end
  local wasSpent, wasReserved, unresolved = match(balances[i], '^(%S+) (%S+) ?(%S*)$')
  if wasSpent + spent > 9007199254740991 then return {'WHOLE'} end
  balances[i] = format('%.0f %.0f', wasSpent + spent, wasReserved - reserved)
  if i == 1 then balances[i] = balances[i] .. ' ' .. (unresolved == '' and 0 or unresolved) - 1 end
end
local newestOrder, inFlight = match(progress, '^(%d+) (%d+)$')

call('ZREM', open, callId)
local spentText = format('%.0f', spent)
call('XADD', audit, '0-*', 'e', format('{"atMs":%.0f,"actor":', nowMs) .. actor .. ',"event":"call.settled","call":' .. told
  .. ',"spentUsdMicros":' .. spentText .. ',"status":' .. status .. ',"object":' .. objectJson .. ',"isOverrun":false}')
packed = 'settled ' .. epoch .. ' ' .. gen .. ' ' .. sends .. ' 0 0 ' .. spentText .. ' ' .. firstMs .. ' ' .. windowMs .. ' ' .. status
  .. ' ' .. saved .. ' 1 ' .. createdMs .. ' ' .. order .. ' ' .. n .. ' 0 ' .. owner .. ' - ' .. (object == '' and '-' or object)
local kept = {'d:' .. callId, packed, 'b:' .. callId, sealed, occurrenceField, callId .. '+', effectsField, '1 0', 'unseen', (unseen or 0) + 1,
  'a', balances[1], 'a:' .. day, balances[2], 'g:' .. scope, math.max(newestOrder, order) .. ' ' .. inFlight - 1}
if object ~= '' then kept[17], kept[18] = objectField, callId .. ' ' .. spentText .. '\\n' end
if handAttempt ~= '' then
  kept[#kept + 1] = 'h:' .. handAttempt .. '|' .. digest .. '|' .. n
  kept[#kept + 1] = handTo
end
call('HSET', run, unpack(kept))
call('HSET', accounts, names[1], balances[3], names[2], balances[4], names[3], balances[5])
return {'settled', callId, packed, lines, '', '', '', '1'}
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
