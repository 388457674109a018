/** Parts of NUMBER, each after the file of `store/rules/` that says why. They see its arguments. */

/** `which-call.ts`: rules 1 to 5. */
export const WHICH_CALL = `
local function refuseOldAttempt()
  if not hasSidecar then return nil end
  if get('p:' .. scope) == attempt then return nil end
  local pod, life = match(attempt, '^(.*)/(%d+)$')
  local own = match(get('q:' .. pod) or '', '^(%d+)')
  return refused((not own or tonumber(own) < tonumber(life)) and 'credential_expired' or 'stale_attempt')
end
local function ambiguous(n)
  if ambiguousRepeat == 'fold' then return nil, n end
  return refused('ambiguous_repeat')
end
local function handedOf(n)
  local handed = get('h:' .. attempt .. '|' .. digest .. '|' .. n)
  if not handed then return nil end
  local handedBoot, token = match(handed, '^(%d+) ?(.*)$')
  return tonumber(handedBoot), token
end
-- Handed over in an older boot, and the sidecar's file does not say that it was never delivered.
local function isUncleared(n, handedBoot)
  if handedBoot >= tonumber(boot) then return false end
  local isCleared = intactSinceBoot ~= '' and tonumber(intactSinceBoot) <= handedBoot
    and not string.find(delivering, ',' .. n .. ',', 1, true)
  return not isCleared
end

local function callAt(n)
  local id = idOf(get('n:' .. place .. n))
  local c = id and readCall(id)
  if c and c.n == '~' then return nil end
  return c
end

-- Rule 3.
local function byClaim()
  local claims = claimsOf(attempt, digest)
  for i = 1, #claims do
    if isLater(claims[i], boot, seq) and not lists(claims[i].open, ord) then return refused('stale_request') end
  end
  for i = 1, #claims do
    if claims[i].ord == ord then
      if claims[i].refusal ~= '' then
        local code, more = match(claims[i].refusal, '^!(%S+) ?(.*)$')
        return refused(code, more)
      end
      local n = tonumber(claims[i].n)
      local c = n and callAt(n)
      if c and c.state == 'released' and get('x:' .. c.id) then
        return answered({'NOT_SENT', get('x:' .. c.id), get('b:' .. c.id) or ''})
      end
      return nil, n, c
    end
  end
  local taken = {}
  for i = 1, #claims do
    local claim = claims[i]
    if lists(openOrds, claim.ord) or lists(claim.open, ord) then taken[claim.n] = true end
  end
  local n = lowOf(attempt, digest)
  -- Handed to the app, and whether it was read is not known.
  local function isDoubtful(each)
    return ambiguousRepeat ~= 'fold' and string.find(delivering, ',' .. text(each) .. ',', 1, true)
  end
  while taken[text(n)] or seenToken(attempt, digest, n) or isDoubtful(n) do n = n + 1 end
  return nil, n, callAt(n)
end

-- Rules 1 to 5: the call on record, or the number that it gets; n nil: named.
local function whichCall()
  if hasSidecar and isParallel ~= '1' then
    local last = get(lastField)
    if last then
      local lastBoot, lastSeq, what, more = match(last, '^(%d+) (%d+) (%S+) ?(.*)$')
      local order = boot - lastBoot
      if order == 0 then order = seq - lastSeq end
      if order < 0 then return refused('stale_request') end
      if order == 0 then
        if string.sub(what, 1, 1) == '!' then return refused(string.sub(what, 2), more) end
        local c = readCall(what)
        if c then
          if c.state == 'released' and get('x:' .. c.id) then
            return answered({'NOT_SENT', get('x:' .. c.id), get('b:' .. c.id) or ''})
          end
          return nil, c.n ~= '-' and tonumber(c.n) or nil, c
        end
      end
    end
  end
  if keyKind == 'named' then
    local known = get('N:' .. keyValue)
    local c = known and readCall(known)
    if not c or c.n == '~' then return nil, nil, nil end
    if match(linesOf(c).told, '"digest":"(%x+)"') ~= fullDigest then return refused('idempotency_mismatch') end
    return nil, nil, c
  end
  if isParallel == '1' and hasSidecar then return byClaim() end
  if keyKind == 'token' and hasSidecar then
    local bound = get('B:' .. scope .. '|' .. keyValue)
    if bound then
      local boundDigest, n = match(bound, '^(%S+) (%d+)$')
      if boundDigest ~= digest then return refused('idempotency_mismatch') end
      n = tonumber(n)
      local token = seenToken(attempt, digest, n)
      if token and token ~= '=' .. keyValue then
        local verdict = ambiguous(n)
        if verdict then return verdict end
      elseif not token then
        local handedBoot, handedToken = handedOf(n)
        if handedBoot and handedToken ~= '=' .. keyValue and isUncleared(n, handedBoot) then
          local verdict = ambiguous(n)
          if verdict then return verdict end
        end
      end
      return nil, n, callAt(n)
    end
  end
  if not hasSidecar then return refused('idempotency_key_required') end
  local n = lowOf(attempt, digest)
  local handedBoot = handedOf(n)
  if handedBoot and isUncleared(n, handedBoot) or string.find(delivering, ',' .. n .. ',', 1, true) then
    local verdict = ambiguous(n)
    if verdict then return verdict end
  end
  return nil, n, callAt(n)
end

`

/** `existing-call.ts`, `declined.ts`, `core-guard.ts`: rules 6 and 7. */
export const EXISTING_CALL = `
local function sendAgain(c)
  if isFrozen(c) then return refused('cap_frozen') end
  startAgain(c, nonce, leaseMs)
  local reply = callReply('SEND', c)
  reply[7], reply[8] = '0', ''
  return answered(reply, c)
end
local function vendorsRule(c)
  if not mayRepeat(c) then return answered(callReply('IN_DOUBT', c), c) end
  return refuseOldAttempt() or sendAgain(c)
end
local function replay(c)
    set('#replays', (get('#replays') or 0) + 1)
    append(actorText(), '"event":"call.replayed","call":' .. linesOf(c).told .. ',"status":' .. (c.status == '-' and '0' or c.status))
    if hasSidecar and c.n ~= '-' then
      set('h:' .. attempt .. '|' .. c.digest .. '|' .. c.n, boot .. (keyKind == 'token' and ' =' .. keyValue or ''))
    end
    return answered(callReply('REPLAY', c), c)
end
-- M7: a later attempt may run a decline again, where the app went no further.
local function mayRunAgain(c)
  if not hasSidecar or c.status ~= '402' or c.effect == '1' or c.n == '-' then return false end
  if refuseOldAttempt() or linesOf(c).walk == attempt then return false end
  local newest, inFlight = progressOf(c.scope)
  return newest <= tonumber(c.order) and inFlight == 0
end
-- Rule 6. nil: as new, from rule 8, under this gen; true: in a record of its own.
local function judgeExisting(c)
  if c.windowMs == 'anew' then
    local isPending = c.state == 'reserved' or c.state == 'sent'
    if c.state == 'in_doubt' or isPending and not isLive(c) then bookLost(c, '"the owner of the send is gone"') end
    if c.state == 'settled' and not get('b:' .. c.id) then
      c.n = '~'
      writeCall(c)
      return nil, 0, true
    end
  end
  if c.state == 'settled' then
    if mayRunAgain(c) then return nil, c.gen + 1 end
    return replay(c)
  end
  if c.state == 'released' then return nil, c.gen end
  if c.state == 'in_doubt' then return vendorsRule(c) end
  if isLive(c) then
    if isRepeated == '1' and c.owner == nonce and c.state == 'reserved' then
      local reply = callReply('SEND', c)
      reply[7], reply[8] = '0', ''
      return answered(reply, c)
    end
    return answered({'JOIN', c.id}, c)
  end
  if c.state == 'sent' then
    putInDoubt(c, '"the owner of the send is gone"')
    return vendorsRule(c)
  end
  if c.windowMs ~= 'never' and not mayRepeat(c) then
    putInDoubt(c, [["the vendor's idempotency window has passed"]])
    return answered(callReply('IN_DOUBT', c), c)
  end
  local old = refuseOldAttempt()
  if old then return old end
  if endpointCode ~= '' then return refused(endpointCode, endpointRefusal) end
  return sendAgain(c)
end

-- Rule 7. nil: nothing stands against it.
local function guardCore()
  if not hasSidecar or core == '' or keyKind == 'named' then return nil end
  local list = 't:' .. scope .. '|' .. core
  for i = 1, twinsIn(list) do
    local twinDigest, n, id = match(twinIn(list, i), '^(%S+) (%S+) (%S+)$')
    if twinDigest ~= digest and not seenToken(attempt, twinDigest, n) then
      local c = readCall(id)
      if c.state ~= 'released' and not (c.state == 'settled' and c.effect == '0') then
        if saysDiverged ~= '1' then return answered({'WAIT'}) end
        if divergingReplay == 'refuse' then return refused('replay_divergence') end
        if divergingReplay == 'warn' then
          append(actorText(), '"event":"alarm","call":null,"reason":"a call to the same counterparty as unread ' .. id
            .. ' with other content was let through"')
          return nil
        end
        local verdict = judgeExisting(c)
        if verdict then
          set('B:' .. scope .. '|core of ' .. attempt .. ' ' .. digest, twinDigest .. ' ' .. n)
          return verdict
        end
        return nil
      end
    end
  end
end

`

/** `admit-new.ts`: rules 8 to 10. */
export const ADMIT_NEW = `
local LEVELS = {'run', 'run_day', 'policy_day', 'policy_vendor_day', 'policy_namespace_day'}
local CLASS_LEVELS = {'policy_class_day'}
-- Rules 8 to 10. remade: a record that was released or declined.
local function admitNew(n, gen, remade)
  local old = refuseOldAttempt()
  if old then return old end
  if endpointCode ~= '' then return refused(endpointCode, endpointRefusal) end
  local amount = tonumber(total)
  if object ~= '' then amount = math.max(0, amount - counted(get('j:' .. vendor .. '|' .. string.sub(object, 2)))) end
  if get('is_run') and amount > 0 and keyKind ~= 'named' then
    if get('needs_named') == '1' then return refused('restart_needs_named_key') end
    if isQueue == '1' then return refused('idempotency_key_required', 'queue') end
  end
  if not get('a') then return refused('cap_missing') end

  local isOfClass = vendorAccount == ''
  local names = {policyAccount .. day, not isOfClass and vendorAccount .. day or nil}
  if namespaceAccount ~= '' then names[3] = namespaceAccount .. day end
  loadSums(names)
  local levels = isOfClass and CLASS_LEVELS or LEVELS
  local limits = {get('cap'), get('day_cap'), policyLimit, vendorLimit, namespaceLimit}
  local balances = {get('a'), get('a:' .. day), policySums[names[1]], policySums[names[2]], policySums[names[3]]}
  if isOfClass then limits, balances = {policyLimit}, {policySums[names[1]]} end
  local count = isOfClass and 1 or #names + 2
  if amount > 0 then
    for i = 1, count do
      local limit = limits[i]
      local isDeclared = limit and limit ~= ''
      local spent, reserved = sumsOf(balances[i])
      local isFull = isDeclared and levels[i] ~= 'run' and held[2] == day
      if isFull or amount > (isDeclared and tonumber(limit) or 9007199254740991) - spent - reserved then
        return refused('cap_exhausted', '', levels[i], (isDeclared and limit or '9007199254740991') .. ' ' .. text(spent) .. ' '
          .. text(reserved) .. ' ' .. text(amount) .. ' ' .. day)
      end
    end
  end

  local c = remade or {id = callId, epoch = 0, gen = 0, sends = 0, n = n or '-', read = '0', createdMs = text(nowMs), rest = rest,
    digest = digest, told = toldHead .. (n or 'null') .. toldTail}
  if remade then linesOf(c) elseif get('d:' .. callId) then error('the id of the call is taken') end
  if gen ~= c.gen then c.sends = 0 end
  local head = match(c.told, '^(.*"vendorKey":)')
  local isNumbered = keyKind ~= 'named'
  c.told = head .. '"' .. vendorKey .. (isNumbered and (n or '0') .. (gen > 0 and '.' .. gen or '') or '') .. '"}'
  local isMaybeSent = windowMs ~= 'never'
  c.actor = actorText()
  c.scope, c.vendor, c.day, c.walk = scope, vendor, day, walk
  c.accounts = policyAccount .. (isOfClass and '' or '\\t' .. vendorAccount) .. (namespaceAccount ~= '' and '\\t' .. namespaceAccount or '')
  c.state, c.epoch, c.gen, c.spent, c.reserved, c.windowMs, c.owner = 'reserved', c.epoch + 1, gen, 0, amount, windowMs, nonce
  c.status, c.saved, c.effect = '-', '0', '0'
  c.object = object == '' and '-' or object
  c.open = isMaybeSent and nonce or '-'
  if isMaybeSent then c.sends = c.sends + 1 end
  c.firstMs = isMaybeSent and text(nowMs) or '-'
  c.leaseMs = nowMs + leaseMs
  local named = '["' .. table.concat(levels, '","', 1, count) .. '"]'
  putLines(c)
  local at = appendFirst(c, 'call.reserved', ',"reservedUsdMicros":' .. text(amount) .. ',"levels":' .. named .. rates)
  if not remade then c.order = at end
  call('ZADD', open, c.order, c.id)
  addMoney(c, 0, amount, 1)
  writeCall(c)
  set('b:' .. c.id, sealedRequest)
  if remade then
    if get('x:' .. c.id) then unset('x:' .. c.id) end
  elseif n then
    set('n:' .. place .. n, c.id .. (isMade(get('n:' .. place .. n)) and '+' or ''))
    if core ~= '' then
      addTwin('t:' .. scope .. '|' .. core, digest .. ' ' .. n .. ' ' .. c.id)
    end
  else
    set('N:' .. keyValue, c.id)
  end
  local passed = ''
  for i = 1, count do if limits[i] and limits[i] ~= '' then passed = passed .. levels[i] .. ' ' end end
  return answered({'SEND', c.id, get('d:' .. c.id), c.lines, '', '', '1', passed}, c)
end

`
