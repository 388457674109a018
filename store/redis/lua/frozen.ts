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

/** A level that was frozen under a lower limit is judged by the one that holds now. Sums are counted up to 2^53 - 1. */
export const THAWING = `
local function levelsOfKey()
  local function limitOf(field) return get(field) ~= '' and get(field) or '9007199254740991' end
  local day = dayOf(nowMs)
  return {{'f:run', limitOf('cap'), 'a'}, {'f:' .. day, limitOf('day_cap'), 'a:' .. day}}
end
local function thawByRaise()
  for _, level in ipairs(levelsOfKey()) do
    local frozen = get(level[1])
    if frozen and tonumber(level[2]) > tonumber(frozen) then set(level[1], level[2]) end
  end
end
local function freezeIfFull()
  thawByRaise()
  for _, level in ipairs(levelsOfKey()) do
    if get(level[3]) and isOver(level[2], get(level[3])) then
      set(level[1], level[2])
      call('HSET', meta, 'frozen', '1')
      held[6] = '1'
    end
  end
end
`
