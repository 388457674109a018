/** Begins each script: who we are, and the time. */
export const CLOCK = `
local call, format, match = redis.call, string.format, string.match
local held = call('HMGET', meta, 'history', 'held_day', 'high_ms', 'skew_ms', 'test_now_ms', 'frozen')
if held[1] ~= history then return {'NEW_HISTORY', held[1] or ''} end

-- Only Redis' clock. It never goes back: high_ms and skew_ms make up for a clock that was set back.
local time = call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000) + (held[4] or 0)
if held[3] and nowMs < tonumber(held[3]) then nowMs = tonumber(held[3]) end
if held[5] then nowMs = tonumber(held[5]) end
`

/** Begins each script that keeps the rules whole: the fields of the run's hash are read together and written once. */
export const BASE = `${CLOCK}
-- Lua prints only 14 digits of a number by itself.
local function text(number) return format('%.0f', number) end

local cached, kept, gone, sums = {}, {}, {}, {}

local function load(fields)
  local values = call('HMGET', run, unpack(fields))
  for i = 1, #fields do cached[fields[i]] = values[i] end
end
local function get(field)
  local value = cached[field]
  if value == nil then
    value = call('HGET', run, field)
    cached[field] = value
  end
  return value
end
-- The field plain: what a plain call asks of its key and run; empty where any call of it is for the whole rules.
local ofPlain = {key_id = true, status = true, expires_ms = true, job_newest = true, newest_ended = true, is_run = true,
  needs_named = true, cap = true, day_cap = true}
local isPlainChanged = false
local function plainText()
  if not get('is_run') or get('status') ~= 'active' or get('newest_ended') == '1' or get('needs_named') == '1' then return '' end
  local function orDash(value) return value and value ~= '' and value or '-' end
  return get('key_id') .. ' ' .. orDash(get('job_newest')) .. ' ' .. orDash(get('expires_ms')) .. ' ' .. orDash(get('cap')) .. ' '
    .. orDash(get('day_cap'))
end
local function set(field, value)
  cached[field] = value
  if ofPlain[field] then isPlainChanged = true end
  kept[#kept + 1] = field
  kept[#kept + 1] = value
end
local function unset(field)
  cached[field] = false
  gone[#gone + 1] = field
end
-- Everything was checked before the first write: a script is not rolled back.
local function flush()
  if isPlainChanged then set('plain', plainText()) end
  if #gone > 0 then call('HDEL', run, unpack(gone)) end
  if #kept > 0 then call('HSET', run, unpack(kept)) end
  if #sums > 0 then call('HSET', accounts, unpack(sums)) end
end

-- Answers the number of the event.
local function append(actor, fact)
  local id = call('XADD', audit, '0-*', 'e', '{"atMs":' .. text(nowMs) .. ',"actor":' .. actor .. ',' .. fact .. '}')
  return tonumber(match(id, '%-(%d+)$'))
end
`

export const DAY = `
local function dayOf(ms)
  local floor = math.floor
  local z = floor(ms / 86400000) + 719468
  local era = floor(z / 146097)
  local ofEra = z - era * 146097
  local yearOfEra = floor((ofEra - floor(ofEra / 1460) + floor(ofEra / 36524) - floor(ofEra / 146096)) / 365)
  local ofYear = ofEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100))
  local shifted = floor((5 * ofYear + 2) / 153)
  local month = shifted < 10 and shifted + 3 or shifted - 9
  local year = yearOfEra + era * 400 + (month <= 2 and 1 or 0)
  return format('%04d-%02d-%02d', year, month, ofYear - floor((153 * shifted + 2) / 5) + 1)
end
`
