import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY, RELEASING } from '../lua/calls.ts'
import { FROZEN } from '../lua/frozen.ts'
import { SEEN } from '../lua/seen.ts'
import { SETTLING } from '../lua/settling.ts'
import { script } from '../script.ts'

/** `store/rules/merge.ts`: what a journal says of one call, after the store has lost its last steps. */
export const MERGE = script({
  name: 'jobcapMerge',
  purpose: 'puts back, or adds to, the record of one call, as a journal has it',
  keys: ['meta', 'run', 'accounts', 'audit', 'open', 'objects'],
  args: {
    callId: 'the record',
    actor: 'JSON of who made it, up to the label',
    told: 'JSON of the call',
    rest: 'JSON of what only a reader of the record wants',
    scope: 'where it is numbered, without the UID of the run',
    digest: 'of the content, 32 hex',
    vendor: 'name of the vendor',
    walk: 'Pod UID and life; empty without a Pod',
    day: 'of its reservation; empty: it counts in no account',
    policyAccounts: 'names of its accounts of the policy up to the day, by tabs',
    gen: 'of the newest intent',
    rowEpoch: 'the highest of its intents',
    sends: 'ever started',
    amount: 'micro-dollars reserved',
    firstMs: 'when it was first sent; -: never',
    windowMs: 'how long after that it may be repeated; never: not at all; anew: as another purchase',
    saved: '1: the vendor keeps its failure under the key',
    object: '= and the object; -: none',
    createdMs: 'when it was made',
    order: 'among the calls of its policy',
    n: 'occurrence; -: named',
    named: 'JSON of vendor, account and named key; empty: none',
    core: 'core digest, 32 hex; empty without one',
    token: 'retry token that it was asked for under; empty: none',
    opened: 'sends that may have left, by commas; -: none',
    closed: 'sends that surely had no effect, by commas',
    policyLimit: 'micro-dollars of policy and day; empty: none',
    vendorLimit: 'micro-dollars of policy, vendor and day; empty: none',
    namespaceLimit: 'micro-dollars of policy, namespace and day; empty: none',
    sealedRequest: 'as the vendor is to get it',
    hasAnswer: '1: the journal has a definite answer',
    status: 'of that answer',
    sealed: 'the answer, sealed; empty: not kept',
    effect: '1 or 0',
    total: 'micro-dollars of the object in all, or of the call',
    answerObject: '= and the object that the call made or acted on; empty: none',
    objectJson: 'its JSON',
    givesBack: '= and the object whose dollars go back; empty: none',
    givesBackJson: 'its JSON',
  },
  statuses: ['absent', 'merged'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${RELEASING}${FROZEN}${SEEN}${SETTLING}
if (get('retention') or 'kept') ~= 'kept' then return {'absent'} end
load({'d:' .. callId, 'b:' .. callId, 'x:' .. callId, 'a', 'a:' .. day, 'cap', 'day_cap', 'label'})
local place = scope .. '|' .. digest .. '|' .. n
local found = readCall(callId)
local inPlace = not found and (n == '-' and get('N:' .. named) or n ~= '-' and get('n:' .. place))
-- Each send of a purchase is one of its own, whatever took its place.
if inPlace and windowMs ~= 'anew' then found, inPlace = readCall(string.sub(inPlace, 1, 41)), nil end
gen, rowEpoch, amount = tonumber(gen), tonumber(rowEpoch), tonumber(amount)
local answer = hasAnswer == '1' and {status = status, sealed = sealed, effect = effect, total = tonumber(total),
  object = answerObject ~= '' and string.sub(answerObject, 2), objectJson = objectJson,
  givesBack = givesBack ~= '' and string.sub(givesBack, 2), givesBackJson = givesBackJson, unexpected = ''}
local function merged(c)
  flush()
  return {'merged', c.id, isFrozen(c) and '1' or ''}
end
if found and found.gen > gen then
  call('ZREM', open, '')
  if answer then answerOfOlderGen(found, answer) end
  return merged(found)
end

-- Names, not a count: sends that the store has lost are added, those that surely did not leave taken out.
local left, isListed = {}, {}
local function list(nonces)
  for nonce in string.gmatch(nonces, '[^,%-]+') do
    if not isListed[nonce] and not string.find(',' .. closed .. ',', ',' .. nonce .. ',', 1, true) then
      isListed[nonce] = true
      left[#left + 1] = nonce
    end
  end
end
if found and found.gen == gen then list(found.open) end
list(opened)
local nowOpen = #left == 0 and '-' or table.concat(left, ',')
local mayHaveLeft = answer or nowOpen ~= '-'
local epoch = math.max(found and found.epoch or 0, rowEpoch) + 1

local function tell(c, reason)
  appendOf(c, 'call.in_doubt', ',"heldUsdMicros":' .. text(c.reserved) .. ',"reason":"' .. reason .. '"')
end
local function putBack()
  local c = found or {id = callId, read = '0', status = '-', effect = '0', n = inPlace and '~' or n, createdMs = createdMs, order = order}
  c.actor, c.told, c.rest = actor .. (get('label') or 'null') .. '}', told, rest
  c.scope, c.digest, c.vendor, c.walk, c.day, c.accounts = scope, digest, vendor, walk, day, policyAccounts
  c.state, c.epoch, c.gen, c.sends, c.leaseMs, c.open = 'in_doubt', epoch, gen, tonumber(sends), 0, nowOpen
  c.reserved, c.spent, c.firstMs, c.windowMs, c.saved, c.owner, c.object = amount, 0, firstMs, windowMs, saved, '-', object
  c.status, c.effect = '-', '0'
  putLines(c)
  local at = appendFirst(c, 'call.in_doubt', ',"heldUsdMicros":' .. text(amount)
    .. ',"reason":"its record was lost and put back from a journal"')
  -- Journals come in any order: what was made after it stays after it, and whatever is made from now on comes later still.
  if not found and tonumber(order) > at then call('XSETID', audit, '0-' .. order) end
  call('ZADD', open, c.order, c.id)
  if get('closed') == '1' then set('closed', '0') end
  addMoney(c, 0, amount, 1)
  writeCall(c)
  set('b:' .. c.id, sealedRequest)
  if found then
    if get('x:' .. c.id) then unset('x:' .. c.id) end
  elseif c.n == '-' then
    set('N:' .. named, c.id)
  elseif c.n ~= '~' then
    set('n:' .. place, c.id)
    if core ~= '' then
      addTwin('t:' .. scope .. '|' .. core, digest .. ' ' .. n .. ' ' .. c.id)
    end
  end
  return c
end
local function ownerless(c)
  local isUnsent = c.state == 'reserved' and nowOpen == '-'
  local wasInDoubt = c.state == 'in_doubt'
  c.epoch, c.open, c.leaseMs, c.owner = epoch, nowOpen, 0, '-'
  c.sends = math.max(c.sends, tonumber(sends))
  if not isUnsent then
    if not wasInDoubt then tell(c, 'the store lost its last steps while it was out') end
    c.state = 'in_doubt'
  end
  writeCall(c)
  return c
end

local record = nil
if not found then
  record = mayHaveLeft and putBack()
else
  local isNewer = found.gen < gen or (found.state == 'released' and rowEpoch >= found.epoch)
  if isNewer and found.effect ~= '1' then
    record = mayHaveLeft and putBack()
  elseif found.state == 'settled' or found.state == 'released' then
    record = answer and found
  else
    call('ZREM', open, '')
    record = ownerless(found)
  end
end
if not record then
  if not found then return {'absent'} end
  return merged(found)
end
if token ~= '' and record.n ~= '-' and record.n ~= '~' and not get('B:' .. linesOf(record).scope .. '|' .. token) then
  set('B:' .. record.scope .. '|' .. token, record.digest .. ' ' .. record.n)
end
if linesOf(record).day ~= '' then
  local isAny = false
  local function freeze(limit, packed, put)
    if limit and limit ~= '' and isOver(limit, packed) then
      put(limit)
      isAny = true
    end
  end
  freeze(get('cap'), get('a'), function(limit) set('f:run', limit) end)
  freeze(get('day_cap'), get('a:' .. record.day), function(limit) set('f:' .. record.day, limit) end)
  local limits = {policyLimit, vendorLimit, namespaceLimit}
  local names = namesOf(record)
  if policySums[names[1]] == nil then loadSums(names) end
  for i = 1, #names do
    freeze(limits[i], policySums[names[i]], function(limit) call('HSET', accounts, 'f|' .. names[i], limit) end)
  end
  if isAny then
    call('HSET', meta, 'frozen', '1')
    held[6] = '1'
  end
end
if answer then
  settle(record, answer)
  closeIfDone()
end
return merged(record)
`,
})
