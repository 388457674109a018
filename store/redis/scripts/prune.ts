import { BASE } from '../lua/base.ts'
import { CALLS, CLOSING, MONEY } from '../lua/calls.ts'
import { KEY_ACTOR } from '../lua/runs.ts'
import { script } from '../script.ts'

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
  local _, _, unresolved = sumsOf(get('a'))
  local isDue = ended ~= '' and nowMs - ended >= tonumber(keepMs)
  if not isDue or (get('is_run') and get('living') ~= '0') or unresolved > 0 then return {'kept'} end
  append(keyActor(), '"event":"run.pruned"')
  set('retention', 'pruning')
end
local most = limit * 4
local cursor, found = '0', {}
repeat
  local page = call('HSCAN', run, cursor, 'COUNT', most)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if string.find(page[2][i], '^%a:') then found[#found + 1] = page[2][i] end
  end
until cursor == '0' or #found >= most
for first = 1, #found, 1000 do call('HDEL', run, unpack(found, first, math.min(#found, first + 999))) end
if cursor == '0' then
  set('retention', 'pruned')
  call('ZREM', ends, runTag)
end
flush()
return {cursor == '0' and 'pruned' or 'more'}
`,
})
