import { BASE, DAY } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY, RELEASING } from '../lua/calls.ts'
import { FROZEN, THAWING } from '../lua/frozen.ts'
import { CLOSING_READS } from '../lua/reads.ts'
import { JOBS, KEY_ACTOR, REVOKING } from '../lua/runs.ts'
import { script } from '../script.ts'

/** `store/rules/merge-standing.ts`: what a journal says of a key and its run, after the store has lost its last steps. */
export const MERGE_STANDING = script({
  name: 'jobcapMergeStanding',
  purpose: 'puts back a key and its run, or what was changed of them, as a journal has it',
  keys: ['meta', 'run', 'accounts', 'audit', 'open', 'runs', 'ends', 'found'],
  args: {
    runTag: 'name of the hash of the run',
    runMark: 'what the ids of the calls of the run begin with',
    version: 'of the row',
    keyId: 'the vault key',
    runUid: 'its run',
    hash: 'of its secret',
    label: 'JSON',
    keyFixed: 'JSON of what never changes of the key',
    status: 'active, ended or revoked',
    createdMs: 'when the key was made',
    endedMs: 'when it ended; empty: it has not',
    expiresMs: 'since the epoch; empty: never',
    endpoints: 'JSON',
    cap: 'micro-dollars; empty: none',
    dayCap: 'micro-dollars; empty: none',
    byPerson: '1: a person set limits',
    persons: 'JSON of which',
    retention: 'kept, pruning or pruned',
    jobsOfRun: 'JSON of its Jobs in the order in which they joined; empty: no run',
    namespace: 'JSON',
    policyName: 'of the run',
    mode: 'Indexed or NonIndexed',
    completions: 'of the run; empty: none',
    terms: 'JSON',
    needsNamed: '1: a paid call needs a named key',
    sidecar: 'JSON',
    digestVersion: 'of the sidecar',
    openedMs: 'when the run was opened',
    final: '1: it cannot be continued',
  },
  statuses: ['merged'],
  body: `${BASE}${DAY}${CALLS}${MONEY}${CLOSING}${RELEASING}${CLOSING_READS}${FROZEN}${THAWING}${KEY_ACTOR}${REVOKING}${JOBS}
local isRun = jobsOfRun ~= ''
local newestActor = function() return runActor(cjson.encode(get('job_newest'))) end
call('ZREM', open, '')

local function limitsChanged()
  append(keyActor(), '"event":"key.raised","capUsdMicros":' .. orNull(get('cap')) .. ',"dailyCapUsdMicros":' .. orNull(get('day_cap')))
end
local function setLimits()
  setAll({'cap', cap, 'day_cap', dayCap, 'by_person', byPerson, 'persons', persons, 'expires_ms', expiresMs, 'endpoints', endpoints})
end
local function enlist(jobs)
  for _, job in ipairs(jobs) do
    call('HSETNX', found, 'j:' .. job.uid, runTag)
    local name = 'n:' .. cjson.decode(get('namespace')) .. '/' .. job.name
    if not call('HGET', found, name) then call('HSET', found, name, runTag .. ' ' .. text(nowMs)) end
  end
end

local function putBack()
  setAll({'key_id', keyId, 'run_uid', runUid, 'label', label, 'key_fixed', keyFixed, 'key_created_ms', createdMs, 'status', status,
    'ended_ms', endedMs, 'retention', retention, 'version', version, 'a', get('a') or '0 0 +0'})
  setLimits()
  call('ZADD', runs, isRun and openedMs or createdMs, runTag)
  call('HSET', found, 'k:' .. keyId, runTag, 'h:' .. hash, runTag)
  if isRun then
    setAll({'is_run', '1', 'namespace', namespace, 'policy', policyName, 'mode', mode, 'completions', completions, 'terms', terms,
      'needs_named', needsNamed, 'sidecar', sidecar, 'digest_version', digestVersion, 'opened_ms', openedMs, 'final', final, 'closed', '0'})
    local jobs = cjson.decode(jobsOfRun)
    setJobs(jobs)
    enlist(jobs)
    append(newestActor(), '"event":"run.opened"')
  else
    cached['namespace'] = false
    append(keyActor(), '"event":"key.created","capUsdMicros":' .. orNull(cap) .. ',"dailyCapUsdMicros":' .. orNull(dayCap))
  end
  if status == 'revoked' then append(keyActor(), '"event":"key.revoked","inFlight":[]') end
  if status == 'ended' and isRun then append(newestActor(), '"event":"key.ended"') end
end

-- Jobs in the order in which they joined; an ended one stays ended.
local function mergeJobs(isNewer)
  local known, told = cjson.decode(get('jobs')), cjson.decode(jobsOfRun)
  local isKnown, isEnded, isTaken, jobs = {}, {}, {}, {}
  for _, job in ipairs(known) do isKnown[job.uid] = true end
  for _, list in ipairs({known, told}) do
    for _, job in ipairs(list) do isEnded[job.uid] = isEnded[job.uid] or job.isEnded end
  end
  for _, list in ipairs(isNewer and {known, told} or {told, known}) do
    for _, job in ipairs(list) do
      if not isTaken[job.uid] then
        isTaken[job.uid] = true
        jobs[#jobs + 1] = {uid = job.uid, name = job.name, isEnded = isEnded[job.uid]}
      end
    end
  end
  setJobs(jobs)
  enlist(jobs)
  if get('living') ~= '0' then set('closed', '0') end
  for _, job in ipairs(jobs) do
    if not isKnown[job.uid] then append(newestActor(), '"event":"run.continued","byJobUid":' .. cjson.encode(job.uid)) end
  end
end

local function mergeInto()
  local isNewer = tonumber(version) > tonumber(get('version') or 0)
  local was = get('status')
  local isOver = was ~= 'active'
  if isRun and get('is_run') then
    if isNewer then setAll({'terms', terms, 'needs_named', needsNamed}) end
    mergeJobs(isNewer)
    isOver = get('living') == '0'
  end
  local isRevoking = status == 'revoked' and was ~= 'revoked'
  local now = was == 'revoked' and 'revoked' or isOver and 'ended' or 'active'
  local capWas, dayCapWas = get('cap'), get('day_cap')
  if isNewer then
    setLimits()
    set('version', version)
  end
  set('status', now)
  if now ~= 'active' or isRevoking then
    if get('ended_ms') == '' then set('ended_ms', endedMs ~= '' and endedMs or text(nowMs)) end
  else
    set('ended_ms', '')
  end
  if get('cap') ~= capWas or get('day_cap') ~= dayCapWas then limitsChanged() end
  if now == 'ended' and was == 'active' and get('is_run') then append(newestActor(), '"event":"key.ended"') end
  if isRevoking then
    set('status', 'revoked')
    local _, named = releaseUnsent()
    append(keyActor(), '"event":"key.revoked","inFlight":[' .. table.concat(named, ',') .. ']')
    closeIfDone()
  end
end

if get('key_id') then mergeInto() else putBack() end
local over = get('ended_ms') ~= '' and get('ended_ms') or get('expires_ms')
if over == '' then call('ZREM', ends, runTag) elseif get('retention') ~= 'pruned' then call('ZADD', ends, over, runTag) end
freezeIfFull()
closeIfDone()
flush()
return {'merged'}
`,
})
