import { BASE, DAY } from '../lua/base.ts'
import { CALLS, KEY_STATE, MONEY, RELEASING, TAKING_OVER } from '../lua/calls.ts'
import { CLAIMS } from '../lua/claims.ts'
import { FROZEN } from '../lua/frozen.ts'
import { ADMIT_NEW, EXISTING_CALL, WHICH_CALL } from '../lua/numbering.ts'
import { SEEN } from '../lua/seen.ts'
import { PURCHASES, SETTLING } from '../lua/settling.ts'
import { script } from '../script.ts'

/** The rules of `store/rules/number.ts` and the files it asks, in the same order. */
export const NUMBER = script({
  name: 'jobcapNumber',
  purpose: 'which intended call this is, and its reservation under every cap',
  keys: ['meta', 'run', 'accounts', 'audit', 'open'],
  args: {
    keyId: 'the vault key',
    callId: 'id of the record, if one is made',
    actor: 'JSON of who asks, up to the label',
    toldHead: 'JSON of the call, up to n',
    toldTail: 'JSON of the call from n on, up to the key that the vendor gets',
    vendorKey: 'the key that the vendor gets, in JSON, of a numbered call up to n',
    refusedCall: 'JSON of the call in a refusal',
    rest: 'JSON of what only a reader of the record wants',
    scope: 'where numbering happens, without the UID of the run',
    digest: 'of the content, 32 hex',
    fullDigest: 'of the content, 64 hex',
    core: 'core digest, 32 hex; empty without one',
    k: 'what the ord fence goes by',
    keyKind: 'token, named or empty',
    keyValue: "the app's key; of a named one with vendor and account",
    attempt: 'Pod UID and life; empty without a sidecar',
    walk: 'Pod UID and life; empty without a Pod',
    podUid: 'empty without a Pod',
    jobUid: 'empty without a Pod',
    isQueue: '1 for a Pod without an index',
    boot: "of the request's ord",
    seq: "of the request's ord",
    intactSinceBoot: "boot since when the sidecar's file is whole; empty when it was lost",
    delivering: 'occurrences that were handed over, and perhaps read: ,1,2,',
    saysDiverged: '1: nothing else of the attempt could go on',
    divergingReplay: 'refuse, warn or core',
    ambiguousRepeat: 'refuse or fold',
    endpointCode: 'code of the refusal of the endpoint; empty: allowed',
    endpointRefusal: 'its JSON',
    total: 'micro-dollars that the call moves or costs at most, of an object its total',
    object: '= and the object; empty without one',
    rates: 'what the event adds about the currency table; empty: US dollars',
    vendor: 'name of the vendor',
    windowMs: 'how long after its first send a call may be repeated; never: not at all; anew: as another purchase',
    isParallel: '1: identical calls may run at once',
    openOrds: 'those of the same content that are still open in the sidecar: ,1.1,1.2,',
    nonce: 'of the send',
    leaseMs: 'how long the owner may be silent',
    sealedRequest: 'as the vendor is to get it',
    policyLimit: 'micro-dollars of policy and day, or of a class with a cap of its own and day; empty: none',
    vendorLimit: 'micro-dollars of policy, vendor and day; empty: none',
    namespaceLimit: 'micro-dollars of policy, namespace and day; empty: none',
    policyAccount: 'name of the account up to the day; of a class with a cap of its own its only one',
    vendorAccount: 'name of the account up to the day; empty for such a class',
    namespaceAccount: 'name of the account up to the day; empty without a Pod',
    facts: 'seen facts: life, digest, n, = and the token, by tabs; a line each',
    isRepeated: '1: the reply to the same question was lost',
  },
  statuses: ['REFUSED', 'NOT_SENT', 'REPLAY', 'JOIN', 'IN_DOUBT', 'WAIT', 'SEND'],
  body: `${BASE}${DAY}${CALLS}${MONEY}${RELEASING}${FROZEN}${TAKING_OVER}${KEY_STATE}${SEEN}${SETTLING}${PURCHASES}
local day = dayOf(nowMs)
local hasSidecar = attempt ~= ''
local ord = boot .. '.' .. seq
local lastField = 'l:' .. attempt .. '|' .. k
local place = scope .. '|' .. digest .. '|'
local fields = {'key_id', 'status', 'expires_ms', 'cap', 'day_cap', 'label', 'job_newest', 'newest_ended', 'needs_named', 'is_run',
  'a', 'a:' .. day, lastField, 'p:' .. scope, 'S:' .. attempt .. '|' .. digest, 'n:' .. place .. '1',
  'h:' .. attempt .. '|' .. digest .. '|1', 'd:' .. callId}
if core ~= '' then fields[#fields + 1] = 't:' .. scope .. '|' .. core end
if keyKind == 'token' then fields[#fields + 1] = 'B:' .. scope .. '|' .. keyValue end
if keyKind == 'named' then fields[#fields + 1] = 'N:' .. keyValue end
if object ~= '' then fields[#fields + 1] = 'j:' .. vendor .. '|' .. string.sub(object, 2) end
local seenFacts = splitFacts(facts)
loadFacts(scope, podUid, seenFacts, fields)
local isKnown = get('key_id') ~= false
if isKnown and #seenFacts > 0 then recordSeen(scope, podUid, seenFacts) end

local function actorText() return actor .. (get('label') or 'null') .. '}' end
local function idOf(occurrence) return occurrence and string.sub(occurrence, 1, 41) or nil end
-- What a rule came to: an answer with its call, a refusal, or nil to go on.
local function answered(reply, c) return {reply = reply, c = c} end
local function refused(code, more, level, figures) return {code = code, more = more or '', level = level or '', figures = figures} end

${CLAIMS}${WHICH_CALL}${EXISTING_CALL}${ADMIT_NEW}local function judge()
  local verdict, n, c = whichCall()
  if verdict then return verdict end
  if not c then return guardCore() or admitNew(n, 0) end
  local existing, gen, isAnew = judgeExisting(c)
  if existing then return existing end
  if isAnew then return admitNew(n, 0) end
  local wasDeclined = c.state == 'settled'
  local admitted = admitNew(c.n ~= '-' and c.n or nil, gen, c)
  -- A decline that finds no room to run again stands.
  if wasDeclined and admitted.code then return replay(c) end
  return admitted
end

local function refusalReply(verdict)
  if verdict.code == 'cap_exhausted' then set('#cap_refused', (get('#cap_refused') or 0) + 1) end
  append(actorText(), '"event":"call.refused",' .. refusedCall .. ',"code":"' .. verdict.code .. '","level":'
    .. (verdict.level ~= '' and '"' .. verdict.level .. '"' or 'null'))
  return {'REFUSED', verdict.code, verdict.more, verdict.level, verdict.figures or ''}
end

local dead = refuseKey(keyId, jobUid)
if dead then
  local reply = refusalReply(refused(dead))
  flush()
  return reply
end
local verdict = judge()
local reply = verdict.reply
if verdict.code then
  reply = refusalReply(verdict)
  -- A level thaws by itself, and a credential is renewed: the same request is then judged anew.
  if hasSidecar and verdict.code ~= 'stale_request' and verdict.code ~= 'cap_frozen' and verdict.code ~= 'credential_expired' then
    local more = verdict.level ~= '' and verdict.level .. ' ' .. verdict.figures or verdict.more
    set(lastField, boot .. ' ' .. seq .. ' !' .. verdict.code .. ' ' .. more)
    set('L:' .. attempt, '1')
    if isParallel == '1' then claim('-', '!' .. verdict.code .. ' ' .. more) end
  end
elseif verdict.c and hasSidecar then
  local c = verdict.c
  set(lastField, boot .. ' ' .. seq .. ' ' .. c.id)
  set('L:' .. attempt, '1')
  if isParallel == '1' then claim(c.n, '') end
  if keyKind == 'token' and c.n ~= '-' and linesOf(c).digest == digest then
    set('B:' .. scope .. '|' .. keyValue, digest .. ' ' .. c.n)
  end
end
flush()
return reply
`,
})
