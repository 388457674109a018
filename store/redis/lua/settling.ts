/** M3: a definite answer settles from any epoch and any state; a second, different one raises an alarm. */
export const SETTLING = `
local function counted(shares)
  local sum = 0
  for amount in string.gmatch(shares or '', ' (%d+)') do sum = sum + amount end
  return math.min(sum, 9007199254740991)
end
local function alarm(c, reason)
  append(linesOf(c).actor, '"event":"alarm","call":' .. c.told .. ',"reason":"' .. reason .. '"')
end
local function giveBack(by, object, objectJson)
  local field = 'j:' .. by.vendor .. '|' .. object
  local shares = get(field)
  set(field, '')
  for id, amount in string.gmatch(shares or '', '(%S+) (%d+)') do
    local other = id == by.id and by or readCall(id)
    local less = tonumber(amount)
    other.spent = math.max(0, other.spent - less)
    addMoney(other, -less, 0, 0)
    writeCall(other)
    append(linesOf(by).actor, '"event":"money.given_back","call":' .. linesOf(other).told .. ',"object":' .. objectJson
      .. ',"usdMicros":' .. amount)
  end
end
-- Kept for longer than a call is looked up (48 h).
local function bind(object)
  call('ZADD', objects, text(nowMs), object)
  call('ZREMRANGEBYSCORE', objects, '-inf', text(nowMs - 604800000))
end
-- answer: status, sealed, effect ('1' or '0'), total, object and givesBack (false where there is none) and their JSON.
local function book(c, answer)
  local shares = answer.object and get('j:' .. linesOf(c).vendor .. '|' .. answer.object)
  local spent = 0
  if answer.effect == '1' then
    spent = answer.total
    -- Given back before this was known of it.
    if shares == '' then spent = 0 elseif answer.object then spent = math.max(0, spent - counted(shares)) end
  end
  c.isBooked = true
  local isOverrun = spent > c.reserved
  local wasUnresolved = c.state ~= 'settled' and c.state ~= 'released'
  if answer.object then c.object = '=' .. answer.object end
  if answer.object and c.windowMs == 'never' and answer.effect == '1' then bind(answer.object) end
  local objectJson = 'null'
  if answer.object then objectJson = answer.objectJson elseif c.object ~= '-' then objectJson = cjson.encode(string.sub(c.object, 2)) end
  call('ZREM', open, c.id)
  appendOf(c, 'call.settled', ',"spentUsdMicros":' .. text(spent) .. ',"status":' .. answer.status .. ',"object":' .. objectJson
    .. ',"isOverrun":' .. (isOverrun and 'true' or 'false'))
  addMoney(c, spent, -c.reserved, wasUnresolved and -1 or 0)
  c.state, c.open, c.leaseMs, c.reserved, c.spent = 'settled', '-', 0, 0, spent
  c.status, c.effect = answer.status, answer.effect
  if answer.sealed == '' then unset('b:' .. c.id) else set('b:' .. c.id, answer.sealed) end
  if get('x:' .. c.id) then unset('x:' .. c.id) end
  if answer.effect == '1' and answer.object and spent > 0 then
    set('j:' .. c.vendor .. '|' .. answer.object, (shares or '') .. c.id .. ' ' .. text(spent) .. '\\n')
  end
  if answer.effect == '1' and c.n ~= '-' then
    local place = c.scope .. '|' .. c.digest .. '|' .. c.n
    if not isMade(get('n:' .. place)) then
      set('n:' .. place, c.id .. '+')
      local most = 0
      for attempt in string.gmatch(get('y:' .. place) or '', '(%S+) ') do
        local low, read = lowOf(attempt, c.digest)
        set('S:' .. attempt .. '|' .. c.digest, low .. ' ' .. (read + 1))
        most = math.max(most, read + 1)
      end
      countEffect(c.scope, c.digest, 1, most)
    end
  end
  writeCall(c)
  if answer.effect == '1' and answer.givesBack then giveBack(c, answer.givesBack, answer.givesBackJson) end
  return isOverrun
end
-- M3: an answer under an older key; an effect is booked unless a send of the newer gen may be what is counted already.
local function answerOfOlderGen(c, answer)
  if answer.effect ~= '1' then return 'noted', false end
  alarm(c, 'an effect under an older key showed itself: ' .. answer.status .. ', the call was made anew since')
  if c.state == 'released' or (c.state == 'settled' and c.effect == '0') then
    book(c, answer)
    return 'settled', true
  end
  return 'noted', true
end
local function settle(c, answer)
  if c.state == 'settled' then
    local isSame = c.status == answer.status and c.effect == answer.effect
      and (not answer.object or '=' .. answer.object == c.object)
    if isSame then return 'noted', false end
    call('ZREM', open, c.id)
    alarm(c, 'a second, different answer came: ' .. answer.status .. ' after ' .. (c.status == '-' and 'null' or c.status))
    if answer.effect == '1' and c.effect == '0' then book(c, answer) end
    return 'settled', true
  end
  local isOverrun = book(c, answer)
  if answer.unexpected == '1' then alarm(c, 'the vendor replayed a key that was never sent before') end
  return 'settled', isOverrun or answer.unexpected == '1'
end
`

/** `purchase.ts`: calls of which each send is a purchase of its own. */
export const PURCHASES = `
local function bookLost(c, reason)
  if c.state ~= 'in_doubt' then putInDoubt(c, reason) end
  settle(c, {status = '0', sealed = '', effect = '1', total = c.reserved, object = false, givesBack = false, unexpected = ''})
end
`
