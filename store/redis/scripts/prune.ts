import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY } from '../lua/calls.ts'
import { KEY_ACTOR } from '../lua/runs.ts'
import { script } from '../script.ts'

/** One looks at ten times as many places as it is asked for where most are empty: a few milliseconds. */
const SCANS_A_STEP = 4

/**
 * Fields of a run's hash that begin with a letter and a colon are records, what was read, numbers and days; the others
 * are its key, its run and its sum, and stay.
 */
export const PRUNE = script({
  name: 'jobcapPrune',
  purpose: 'takes away the records of an ended run, in steps; from the first on it cannot be continued',
  keys: ['meta', 'run', 'accounts', 'audit', 'ends'],
  args: {
    runTag: 'name of the hash of the run',
    keyId: 'the vault key',
    keepMs: 'how long records stay after the end',
    limit: 'about how many records go in one step',
  },
  statuses: ['pruned', 'kept', 'more'],
  body: `${BASE}${CALLS}${MONEY}${CLOSING}${KEY_ACTOR}
if get('key_id') ~= keyId or get('retention') == 'pruned' then return {'pruned'} end
if get('retention') == 'kept' then
  local ended = get('ended_ms') ~= '' and get('ended_ms') or get('expires_ms')
  local spent, reserved, unresolved = sumsOf(get('a'))
  local isDue = ended ~= '' and nowMs - ended >= tonumber(keepMs)
  if not isDue or (get('is_run') and get('living') ~= '0') or unresolved > 0 then return {'kept'} end
  append(keyActor(), '"event":"run.pruned"')
  set('retention', 'pruning')
  -- From here on only those that are left are counted.
  set('a', text(spent) .. ' ' .. text(reserved) .. ' 0')
end
-- Each step goes on where the one before ended: from the beginning it would walk again over all that is empty by now. A
-- Redis that was started anew has another order, so what took several steps is walked until a walk finds nothing.
local from, isClean = match(get('prune_at') or '0 1', '^(%d+) ([01])$')
if from == '0' then isClean = '1' end
local most, scans = limit * 4, 0
local cursor, found = from, {}
repeat
  scans = scans + 1
  local page = call('HSCAN', run, cursor, 'COUNT', most)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if string.find(page[2][i], '^%a:') then found[#found + 1] = page[2][i] end
  end
until cursor == '0' or #found >= most or scans == ${SCANS_A_STEP}
if #found > 0 then isClean = '0' end
local isDone = cursor == '0' and (from == '0' or isClean == '1')
for first = 1, #found, 1000 do call('HDEL', run, unpack(found, first, math.min(#found, first + 999))) end
if isDone then
  unset('prune_at')
  set('retention', 'pruned')
  call('ZREM', ends, runTag)
else
  set('prune_at', cursor .. ' ' .. isClean)
end
flush()
return {isDone and 'pruned' or 'more'}
`,
})
