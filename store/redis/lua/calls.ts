/**
 * A call is two fields of its run: `d:` what changes, packed; `b:` the sealed request until it is resolved, then the sealed
 * answer. `x:` why it was not sent. What stays of it are lines of the event that made it, the `at`-th of the record: actor,
 * call (both JSON, as a reader gets them with each event of the call), place, and what only a reader wants. Later events name
 * that one. Of a call that was put aside, `n` is `~`.
 */
export const CALLS = `
local function readCall(id)
  local packed = get('d:' .. id)
  if not packed then return nil end
  local c = {id = id}
  c.state, c.epoch, c.gen, c.sends, c.leaseMs, c.reserved, c.spent, c.firstMs, c.windowMs, c.status, c.saved, c.effect, c.createdMs,
    c.order, c.at, c.n, c.read, c.owner, c.open, c.object = match(packed,
    '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  c.epoch, c.gen, c.sends, c.leaseMs = tonumber(c.epoch), tonumber(c.gen), tonumber(c.sends), tonumber(c.leaseMs)
  c.reserved, c.spent = tonumber(c.reserved), tonumber(c.spent)
  return c
end
-- #settled: how many calls, reads left out, are settled. Right as long as the sums of the run say so.
local function writeCall(c)
  local wasSettled = match(get('d:' .. c.id) or '', '^settled ') ~= nil
  if c.read == '0' and wasSettled ~= (c.state == 'settled') then set('#settled', (get('#settled') or 0) + (wasSettled and -1 or 1)) end
  set('d:' .. c.id, c.state .. ' ' .. c.epoch .. ' ' .. c.gen .. ' ' .. c.sends .. ' ' .. text(c.leaseMs) .. ' '
    .. text(c.reserved) .. ' ' .. text(c.spent) .. ' ' .. c.firstMs .. ' ' .. c.windowMs .. ' ' .. c.status .. ' ' .. c.saved .. ' '
    .. c.effect .. ' ' .. c.createdMs .. ' ' .. c.order .. ' ' .. c.at .. ' ' .. c.n .. ' ' .. c.read .. ' ' .. c.owner .. ' ' .. c.open .. ' ' .. c.object)
end
local function linesOf(c)
  if not c.actor then
    c.lines = call('XRANGE', audit, '0-' .. c.at, '0-' .. c.at)[1][2][4]
    c.actor, c.told, c.place, c.rest = match(c.lines, '^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
    c.scope, c.digest, c.vendor, c.walk, c.day, c.accounts = match(c.place,
      '^([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t?(.*)$')
  end
  return c
end
-- Of a call that is made, or made anew: its lines stand here.
local function appendFirst(c, event, more)
  local id = call('XADD', audit, '0-*', 'm', '"atMs":' .. text(nowMs) .. ',"event":"' .. event .. '"' .. (more or ''), 'l', c.lines)
  c.at = match(id, '%-(%d+)$')
  return tonumber(c.at)
end
local function putLines(c)
  c.lines = c.actor .. '\\n' .. c.told .. '\\n' .. c.scope .. '\\t' .. c.digest .. '\\t' .. c.vendor .. '\\t' .. c.walk .. '\\t' .. c.day
    .. '\\t' .. c.accounts .. '\\n' .. c.rest
end
local function appendOf(c, event, more)
  -- A journal may put a call back before another one puts back its run: then its lines stand here again, with the label.
  local unlabelled = match(linesOf(c).actor, '^(.*"label":)null}$')
  local label = unlabelled and get('label') or 'null'
  if label ~= 'null' then
    c.actor = unlabelled .. label .. '}'
    putLines(c)
    return appendFirst(c, event, more)
  end
  call('XADD', audit, '0-*', 'm', '"atMs":' .. text(nowMs) .. ',"event":"' .. event .. '"' .. (more or ''), 'o', c.at)
end
local function callReply(status, c)
  return {status, c.id, get('d:' .. c.id), linesOf(c).lines, get('b:' .. c.id) or '', get('x:' .. c.id) or ''}
end
-- Calls of one core of a scope: t:scope|core is the first, t:scope|core|2 the second, and so on; t:scope|core|# how many, if several.
local function twinsIn(list) return tonumber(get(list .. '|#') or (get(list) and 1 or 0)) end
local function twinIn(list, i) return get(i == 1 and list or list .. '|' .. i) end
local function addTwin(list, twin)
  local count = twinsIn(list) + 1
  if count == 1 then return set(list, twin) end
  set(list .. '|' .. count, twin)
  set(list .. '|#', count)
end
local function isOpen(c, nonce)
  return string.find(',' .. c.open .. ',', ',' .. nonce .. ',', 1, true) ~= nil
end
local function openSend(c, nonce)
  c.open = c.open == '-' and nonce or c.open .. ',' .. nonce
end
local function closeSend(c, nonce)
  local left = {}
  for each in string.gmatch(c.open, '[^,]+') do if each ~= nonce then left[#left + 1] = each end end
  c.open = #left == 0 and '-' or table.concat(left, ',')
end
local function isLive(c) return c.leaseMs > nowMs end
local function mayRepeat(c)
  if c.windowMs == 'never' or c.windowMs == 'anew' then return false end
  return c.firstMs == '-' or nowMs - tonumber(c.firstMs) < tonumber(c.windowMs)
end
local function wasNeverSent(c)
  return (c.state == 'reserved' or c.state == 'in_doubt') and c.read == '0' and c.windowMs == 'never' and c.open == '-'
end
`

/**
 * Sums of the accounts a call counts in, and how many calls of the run are unresolved: with a + as long as whoever wrote
 * them counted in `#settled` too. A ledger of before that count writes them without, and then it is never trusted again.
 */
export const MONEY = `
local function sumsOf(packed)
  if not packed then return 0, 0, 0 end
  local spent, reserved, unresolved = match(packed, '^(%S+) (%S+) ?(%S*)$')
  return tonumber(spent), tonumber(reserved), tonumber(unresolved ~= '' and unresolved or 0)
end
-- How far a scope has come, reads left out: order of its newest call, and calls that are unresolved.
local function progressOf(scope)
  local packed = get('g:' .. scope)
  if not packed then return 0, 0 end
  local newest, inFlight = match(packed, '^(%d+) (%d+)$')
  return tonumber(newest), tonumber(inFlight)
end
-- Accounts of the policy, by name; a call of a Pod counts in three, else in two, one of a class with its own cap in one.
local policySums = {}
local function loadSums(names)
  local missing = {}
  for i = 1, #names do if policySums[names[i]] == nil then missing[#missing + 1] = names[i] end end
  if #missing == 0 then return end
  local values = call('HMGET', accounts, unpack(missing))
  for i = 1, #missing do policySums[missing[i]] = values[i] end
end
local function namesOf(c)
  local names = {}
  for prefix in string.gmatch(linesOf(c).accounts, '[^\\t]+') do names[#names + 1] = prefix .. c.day end
  return names
end
local function add(packed, spent, reserved)
  local wasSpent, wasReserved = sumsOf(packed)
  if wasSpent + spent > 9007199254740991 then spent = 9007199254740991 - wasSpent end
  return text(wasSpent + spent) .. ' ' .. text(wasReserved + reserved)
end
local function addMoney(c, spent, reserved, unresolved)
  if unresolved ~= 0 and c.read == '0' then
    local newest, inFlight = progressOf(linesOf(c).scope)
    set('g:' .. c.scope, math.max(newest, c.order) .. ' ' .. (inFlight + unresolved))
  end
  local _, _, before = sumsOf(get('a'))
  local left = (match(get('a') or '', ' (%+)%d+$') or '') .. (before + unresolved)
  if linesOf(c).day == '' then
    local wasSpent, wasReserved = sumsOf(get('a'))
    set('a', text(wasSpent) .. ' ' .. text(wasReserved) .. ' ' .. left)
    return
  end
  local names = namesOf(c)
  -- The one account of a class with a cap of its own; any other call counts in those of policy and vendor at least.
  local ofRun = #names > 1 and 1 or 0
  set('a', add(get('a'), spent * ofRun, reserved * ofRun) .. ' ' .. left)
  if spent == 0 and reserved == 0 then return end
  if ofRun == 1 then set('a:' .. c.day, add(get('a:' .. c.day), spent, reserved)) end
  loadSums(names)
  for i = 1, #names do
    local sum = add(policySums[names[i]], spent, reserved)
    policySums[names[i]] = sum
    sums[#sums + 1] = names[i]
    sums[#sums + 1] = sum
  end
end
`

/** The account of an ended run closes once nothing of it is unresolved. */
export const CLOSING = `
local function runActor(jobUid)
  return '{"keyId":' .. cjson.encode(get('key_id')) .. ',"runUid":' .. cjson.encode(get('run_uid')) .. ',"jobUid":' .. jobUid
    .. ',"podUid":null,"podName":null,"index":null,"namespace":' .. (get('namespace') or 'null')
    .. ',"label":' .. (get('label') or 'null') .. '}'
end
local function closeIfDone()
  if not get('is_run') or get('closed') == '1' or get('living') ~= '0' then return end
  local spent, _, unresolved = sumsOf(get('a'))
  if unresolved > 0 then return end
  append(runActor(cjson.encode(get('job_newest'))),
    '"event":"run.closed","spentUsdMicros":' .. text(spent) .. ',"effectsNoPodSaw":' .. (get('unseen') or '0'))
  set('closed', '1')
end
`

export const RELEASING = `
local function putInDoubt(c, reason)
  appendOf(c, 'call.in_doubt', ',"heldUsdMicros":' .. text(c.reserved) .. ',"reason":' .. reason)
  c.state, c.leaseMs = 'in_doubt', 0
  writeCall(c)
end
-- refusal and reason are JSON.
local function release(c, refusal, reason, sealedAnswer)
  call('ZREM', open, c.id)
  appendOf(c, 'call.released', ',"reason":' .. reason)
  addMoney(c, 0, -c.reserved, -1)
  c.state, c.open, c.leaseMs, c.reserved = 'released', '-', 0, 0
  writeCall(c)
  set('x:' .. c.id, '{"refusal":' .. refusal .. ',"reason":' .. reason .. '}')
  if sealedAnswer == '' then unset('b:' .. c.id) else set('b:' .. c.id, sealedAnswer) end
end
`

export const TAKING_OVER = `
local function startAgain(c, nonce, leaseMs)
  c.state, c.epoch, c.leaseMs, c.owner = 'reserved', c.epoch + 1, nowMs + leaseMs, nonce
  if c.windowMs ~= 'never' then
    openSend(c, nonce)
    c.sends = c.sends + 1
    if c.firstMs == '-' then c.firstMs = text(nowMs) end
  end
  appendOf(c, 'call.taken_over', ',"epoch":' .. c.epoch)
  writeCall(c)
end
`

/** Whether the key admits anything. Text of the code, or nil. */
export const KEY_STATE = `
local function refuseDeadKey()
  local status = get('status')
  if status == 'revoked' then return 'key_revoked' end
  if status == 'ended' then return 'key_ended' end
  local expiresMs = get('expires_ms')
  if expiresMs ~= '' and tonumber(expiresMs) <= nowMs then return 'key_expired' end
end
local function refuseKey(keyId, jobUid)
  if get('key_id') ~= keyId then return jobUid == '' and 'credential_invalid' or 'credential_expired' end
  local dead = refuseDeadKey()
  if dead or jobUid == '' then return dead end
  local newest = get('job_newest')
  if not newest then return 'credential_expired' end
  if newest ~= jobUid or get('newest_ended') == '1' then return 'key_ended' end
end
`
