import { WALKS_KEPT } from '../../rules/admit-pod.ts'
import { BASE } from '../lua/base.ts'
import { CLOSING, KEY_STATE, MONEY } from '../lua/calls.ts'
import { JOBS, KEY_ACTOR } from '../lua/runs.ts'
import { ROW_FIELDS } from '../rows.ts'
import { script } from '../script.ts'

const ROW = `
local function row(status, more)
  local values = call('HMGET', run, ${ROW_FIELDS.map((field) => `'${field}'`).join(', ')})
  table.insert(values, 1, more)
  table.insert(values, 1, status)
  -- A reply is cut at nil.
  for i = 1, #values do values[i] = values[i] or '' end
  return values
end
`

const WALK_AND_SPACE = 33

export const ADMIT_POD = script({
  name: 'jobcapAdmitPod',
  purpose:
    'the first exchange of a run opens it; a continuing Job joins an earlier one; every Pod gets its place and its life',
  keys: ['meta', 'run', 'accounts', 'audit', 'runs', 'ends', 'ended', 'found'],
  args: {
    runTag: 'name of the hash of the run',
    runUid: 'of a new run',
    isContinuing: '1: the Job continues an earlier run',
    isKeyed: "1: the run is its key's: the first Job with that key opens it, later ones join it",
    purpose: 'issue, renew or begin',
    walk: "of the issuer's run or of the begin; empty: none",
    toldLife: 'that the Pod has, as it knows; empty: it does not say',
    jobUid: 'of the Job',
    jobName: 'of the Job',
    namespace: 'of the Job',
    policyName: 'as the Job says',
    mode: 'Indexed or NonIndexed',
    completions: 'of the Job; empty: none',
    podUid: 'of the Pod',
    podActor: "JSON of the Pod's part of who acted",
    scope: 'where the Pod numbers, without the UID of the run',
    keyId: 'of a new key',
    hash: 'of its secret',
    label: 'JSON',
    keyFixed: 'JSON of what never changes of the key',
    expiresMs: 'since the epoch; empty: never',
    terms: 'JSON',
    needsNamed: '1: a paid call needs a named key',
    cap: 'micro-dollars; empty: none',
    dayCap: 'micro-dollars; empty: none',
    endpoints: 'JSON',
    sidecar: 'JSON',
    digestVersion: 'of the sidecar',
  },
  statuses: ['ELSEWHERE', 'REFUSED', 'ADMITTED'],
  body: `${BASE}${MONEY}${CLOSING}${KEY_STATE}${KEY_ACTOR}${JOBS}${ROW}
local known = call('HGET', found, 'j:' .. jobUid)
if known and known ~= runTag then return {'ELSEWHERE', known} end
local function enlist(fields)
  call('HSET', found, 'j:' .. jobUid, runTag, 'n:' .. namespace .. '/' .. jobName, runTag .. ' ' .. text(nowMs), unpack(fields or {}))
end

local function openRun()
  cached['key_id'], cached['run_uid'], cached['label'], cached['namespace'] = keyId, runUid, label, cjson.encode(namespace)
  append(runActor(cjson.encode(jobUid)), '"event":"run.opened"')
  call('ZADD', runs, nowMs, runTag)
  if expiresMs ~= '' then call('ZADD', ends, expiresMs, runTag) end
  enlist({'k:' .. keyId, runTag, 'h:' .. hash, runTag})
  setAll({'is_run', '1', 'run_uid', runUid, 'key_id', keyId, 'namespace', cjson.encode(namespace), 'policy', policyName, 'mode', mode,
    'completions', completions, 'terms', terms, 'needs_named', needsNamed, 'sidecar', sidecar, 'digest_version', digestVersion,
    'opened_ms', text(nowMs), 'final', '0', 'closed', '0', 'ended_ms', '', 'retention', 'kept', 'label', label, 'key_fixed', keyFixed,
    'key_created_ms', text(nowMs), 'cap', cap, 'day_cap', dayCap, 'expires_ms', expiresMs, 'endpoints', endpoints, 'status', 'active',
    'by_person', '0', 'persons', '[]', 'version', '1', 'a', get('a') or '0 0 +0'})
  setJobs({{uid = jobUid, name = jobName, isEnded = false}})
end

local function whyNotContinued()
  if get('namespace') ~= cjson.encode(namespace) then return {'REFUSED', 'continue_mismatch', 'namespace', cjson.decode(get('namespace'))} end
  if get('status') == 'revoked' then return {'REFUSED', 'continue_revoked', '', ''} end
  if get('retention') ~= 'kept' then return {'REFUSED', 'run_too_old', '', ''} end
  if get('final') == '1' then return {'REFUSED', 'run_too_old', 'final', ''} end
  for _, job in ipairs(cjson.decode(get('jobs'))) do
    if not job.isEnded then return {'REFUSED', 'continue_running', '', job.name} end
  end
  if get('policy') ~= policyName then return {'REFUSED', 'continue_mismatch', 'policy', get('policy')} end
  if get('mode') ~= mode then return {'REFUSED', 'continue_mismatch', 'completionMode', get('mode')} end
  if get('completions') ~= completions then return {'REFUSED', 'continue_mismatch', 'completions', get('completions')} end
  if get('digest_version') ~= digestVersion then return {'REFUSED', 'continue_mismatch', 'digest version', get('digest_version')} end
end

-- The new Job's terms replace the run's, never below what is spent; limits set by a person stay.
local function continueRun()
  append(runActor(cjson.encode(jobUid)), '"event":"run.continued","byJobUid":' .. cjson.encode(jobUid))
  enlist()
  local jobs = cjson.decode(get('jobs'))
  jobs[#jobs + 1] = {uid = jobUid, name = jobName, isEnded = false}
  setJobs(jobs)
  newVersion()
  setAll({'terms', terms, 'needs_named', needsNamed,
    'closed', '0', 'status', 'active', 'ended_ms', '', 'expires_ms', expiresMs, 'endpoints', endpoints})
  if expiresMs == '' then call('ZREM', ends, runTag) else call('ZADD', ends, expiresMs, runTag) end
  local persons = get('persons')
  if not string.find(persons, '"capUsdMicros"', 1, true) then
    local spent = sumsOf(get('a'))
    set('cap', cap ~= '' and text(math.max(tonumber(cap), spent)) or '')
  end
  if not string.find(persons, '"dailyCapUsdMicros"', 1, true) then set('day_cap', dayCap) end
end

if not known and call('ZSCORE', ended, jobUid) then return {'REFUSED', 'key_ended', '', ''} end
local isNew = not known and isContinuing ~= '1' and not (isKeyed == '1' and get('is_run'))
if isNew then
  if get('key_id') then return {'REFUSED', 'key_ended', '', ''} end
  openRun()
elseif not known then
  if not get('is_run') then return {'REFUSED', 'continue_unknown', '', ''} end
  local refused = whyNotContinued()
  if refused then return refused end
  continueRun()
end
local dead = refuseDeadKey()
if not dead and (get('job_newest') ~= jobUid or get('newest_ended') == '1') then dead = 'key_ended' end
if dead then
  flush()
  return {'REFUSED', dead, '', ''}
end
-- Those of an elastic Job change while it lives; whoever continues it says those that it had last.
if get('completions') ~= completions then set('completions', completions) end

local function begin(life)
  local actor = '{"keyId":' .. cjson.encode(get('key_id')) .. ',"runUid":' .. cjson.encode(get('run_uid')) .. ',"jobUid":'
    .. cjson.encode(jobUid) .. ',' .. podActor .. ',"namespace":' .. get('namespace') .. ',"label":' .. get('label') .. '}'
  append(actor, '"event":"attempt.began","life":' .. life)
  set('q:' .. podUid, life .. ' ' .. scope)
  return life
end
local placed = get('q:' .. podUid)
local was, ofScope = match(placed or '0', '^(%d+) ?(.*)$')
local walks = get('W:' .. podUid) or ''
local told = tonumber(toldLife ~= '' and toldLife or '0')
local function addWalk()
  if walk ~= '' then set('W:' .. podUid, string.sub(walks == '' and walk or walks .. ' ' .. walk, -${WALKS_KEPT * WALK_AND_SPACE - 1})) end
end
local life = tonumber(was)
local begins = false
if not placed or life < told then
  -- The first of the Pod; or the store has lost its place or its life, and with them what it called.
  life = told > 0 and purpose == 'renew' and told or told + 1
  addWalk()
  begins = true
elseif purpose ~= 'renew' and (walk == '' or not string.find(walks, walk, 1, true)) then
  addWalk()
  begins = told > 0 or get('L:' .. podUid .. '/' .. was)
  if begins then life = life + 1 end
end
if begins then
  if placed then scope = ofScope end
  begin(life)
  if not placed or get('p:' .. scope) == podUid .. '/' .. was then set('p:' .. scope, podUid .. '/' .. life) end
end
flush()
return row('ADMITTED', life)
`,
})

export const END_JOB = script({
  name: 'jobcapEndJob',
  purpose: 'one Job of the run has ended; when none lives any more the key admits nothing',
  keys: ['meta', 'run', 'accounts', 'audit', 'ends', 'ended', 'found'],
  args: {
    runTag: 'name of the hash of the run',
    jobUid: 'of the Job',
    keepMs: 'how long the end of a Job that is in no run is remembered',
  },
  statuses: ['ELSEWHERE', 'UNKNOWN_JOB', 'ENDED'],
  body: `${BASE}${MONEY}${CLOSING}${JOBS}${ROW}
local known = call('HGET', found, 'j:' .. jobUid)
if not known then
  call('ZREMRANGEBYSCORE', ended, '-inf', '(' .. text(nowMs - keepMs))
  call('ZADD', ended, text(nowMs), jobUid)
  return {'UNKNOWN_JOB'}
end
if known ~= runTag then return {'ELSEWHERE', known} end
local jobs = cjson.decode(get('jobs'))
local job, living = nil, 0
for _, each in ipairs(jobs) do
  if each.uid == jobUid then job = each end
  if not each.isEnded and each.uid ~= jobUid then living = living + 1 end
end
if not job then return {'UNKNOWN_JOB'} end
if job.isEnded then return row('ENDED', '') end
call('HDEL', run, '')
job.isEnded = true
setJobs(jobs)
newVersion()
if living == 0 and get('status') == 'active' then
  append(runActor(cjson.encode(get('job_newest'))), '"event":"key.ended"')
  set('status', 'ended')
  set('ended_ms', text(nowMs))
  call('ZADD', ends, nowMs, runTag)
end
closeIfDone()
flush()
return row('ENDED', '')
`,
})
