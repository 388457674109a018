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

/** What a revocation does to the calls of the key; names those that are in flight, for the caller and for the record. */
export const REVOKING = `
local function releaseUnsent()
  local inFlight, named = {}, {}
  for _, id in ipairs(call('ZRANGE', open, 0, -1)) do
    if string.sub(id, 1, #runMark) == runMark then
      local c = readCall(id)
      if c.read == '1' and not isLive(c) then
        closeRead(c, 'null')
      elseif wasNeverSent(c) and not isLive(c) then
        release(c, 'null', '"never sent, and its owner is gone"', '')
      else
        inFlight[#inFlight + 1] = id
        inFlight[#inFlight + 1] = (c.open ~= '-' or c.read == '1') and '1' or '0'
        named[#named + 1] = '"' .. id .. '"'
      end
    end
  end
  return inFlight, named
end
`

/** The Jobs of a run, and what is asked of them at each call. */
export const JOBS = `
local function setAll(fields) for i = 1, #fields, 2 do set(fields[i], fields[i + 1]) end end
local function setJobs(jobs)
  local living = 0
  for _, job in ipairs(jobs) do if not job.isEnded then living = living + 1 end end
  local newest = jobs[#jobs]
  setAll({'jobs', cjson.encode(jobs), 'job_newest', newest.uid, 'newest_ended', newest.isEnded and '1' or '0', 'living', text(living)})
end
local function newVersion() set('version', text((get('version') or 0) + 1)) end
`
