/**
 * What the apps have read. `S:attempt|digest` holds the smallest number not read, and how many of the effects that
 * attempt has read; `s:…|n` the token that read it, empty without one, and left out where the smallest number tells as
 * much; `w:scope|digest` effects made and the most that one attempt read of them; `y:` attempts that read an answer before
 * its effect was on record. `unseen` sums effects that no attempt read.
 */
export const SEEN = `
local function splitFacts(packed)
  local facts = {}
  for life, digest, n, token in string.gmatch(packed, '([^\\t\\n]*)\\t([^\\t\\n]*)\\t([^\\t\\n]*)\\t([^\\n]*)\\n') do
    facts[#facts + 1] = {life = life, digest = digest, n = tonumber(n), token = token}
  end
  return facts
end
local function lowOf(attempt, digest)
  local packed = get('S:' .. attempt .. '|' .. digest)
  if not packed then return 1, 0 end
  local low, read = match(packed, '^(%d+) (%d+)$')
  return tonumber(low), tonumber(read)
end
-- Loads what recordSeen asks for.
local function loadFacts(scope, podUid, facts, fields)
  for i = 1, #facts do
    local fact = facts[i]
    local of = podUid .. '/' .. fact.life .. '|' .. fact.digest
    fields[#fields + 1] = 's:' .. of .. '|' .. fact.n
    fields[#fields + 1] = 's:' .. of .. '|' .. (fact.n + 1)
    fields[#fields + 1] = 'S:' .. of
    fields[#fields + 1] = 'n:' .. scope .. '|' .. fact.digest .. '|' .. fact.n
    fields[#fields + 1] = 'w:' .. scope .. '|' .. fact.digest
    fields[#fields + 1] = 'B:' .. scope .. '|core of ' .. podUid .. '/' .. fact.life .. ' ' .. fact.digest
  end
  load(fields)
end
local function seenToken(attempt, digest, n)
  local token = get('s:' .. attempt .. '|' .. digest .. '|' .. n)
  if not token and tonumber(n) < lowOf(attempt, digest) then return '' end
  return token
end
-- made: one more effect; read: what one attempt has now read of them.
local function countEffect(scope, digest, made, read)
  local field = 'w:' .. scope .. '|' .. digest
  local before = get(field)
  local wasMade, most = 0, 0
  if before then wasMade, most = match(before, '^(%d+) (%d+)$') end
  local unseen = math.max(0, wasMade - most)
  local nowMade, nowMost = wasMade + made, math.max(most, read)
  set(field, nowMade .. ' ' .. nowMost)
  local change = math.max(0, nowMade - nowMost) - unseen
  if change ~= 0 then set('unseen', (get('unseen') or 0) + change) end
end
local function isMade(occurrence) return occurrence and string.byte(occurrence, -1) == 43 end
local function putSeen(scope, attempt, fact)
  local digest, n = fact.digest, fact.n
  if seenToken(attempt, digest, n) then return end
  set('s:' .. attempt .. '|' .. digest .. '|' .. n, fact.token)
  local low, read = lowOf(attempt, digest)
  while seenToken(attempt, digest, low) do low = low + 1 end
  if isMade(get('n:' .. scope .. '|' .. digest .. '|' .. n)) then
    read = read + 1
    countEffect(scope, digest, 0, read)
  else
    local field = 'y:' .. scope .. '|' .. digest .. '|' .. n
    set(field, (get(field) or '') .. attempt .. ' ')
  end
  set('S:' .. attempt .. '|' .. digest, low .. ' ' .. read)
end
-- Facts hold whatever follows: they never go back and are harmless twice.
local function recordSeen(scope, podUid, facts)
  for i = 1, #facts do
    local fact = facts[i]
    local attempt = podUid .. '/' .. fact.life
    local twin = get('B:' .. scope .. '|core of ' .. attempt .. ' ' .. fact.digest)
    if twin then
      local digest, n = match(twin, '^(%S+) (%d+)$')
      if tonumber(n) == fact.n and not get('n:' .. scope .. '|' .. fact.digest .. '|' .. n) then fact.digest = digest end
    end
    putSeen(scope, attempt, fact)
  end
end
`
