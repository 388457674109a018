/**
 * Levels that a merge put above their limit. `f:` in the hash of the run and `f|` among the accounts hold that limit; the
 * meta field `frozen` says that there are any in this slot, so that nobody looks for them otherwise.
 */
export const FROZEN = `
local function isOver(limit, packed)
  if not limit then return false end
  local spent, reserved = sumsOf(packed)
  return spent + reserved > tonumber(limit)
end
local function isFrozen(c)
  if not held[6] or linesOf(c).day == '' then return false end
  if isOver(get('f:run'), get('a')) or isOver(get('f:' .. c.day), get('a:' .. c.day)) then return true end
  local names = namesOf(c)
  loadSums(names)
  for i = 1, #names do
    if isOver(call('HGET', accounts, 'f|' .. names[i]), policySums[names[i]]) then return true end
  end
  return false
end
`
