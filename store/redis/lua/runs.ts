export const KEY_ACTOR = `
local function keyActor() return runActor('null') end
local function orNull(amount) return amount == '' and 'null' or amount end
-- The list of limits that a person set, with one more in it.
local function withPerson(name)
  local list = get('persons')
  if string.find(list, '"' .. name .. '"', 1, true) then return list end
  return list == '[]' and '["' .. name .. '"]' or string.sub(list, 1, -2) .. ',"' .. name .. '"]'
end
`
