/**
 * `claims.ts`: what requests that may run in parallel have claimed, in `o:attempt|digest`, a line each: boot, seq, n (`-`
 * for a refusal), the ords it listed, and the refusal.
 */
export const CLAIMS = `
local function lists(ords, ord) return string.find(ords, ',' .. ord .. ',', 1, true) ~= nil end
local function isLater(claim, boot, seq)
  return claim.boot > tonumber(boot) or claim.boot == tonumber(boot) and claim.seq > tonumber(seq)
end
local function claimsOf(attempt, digest)
  local claims = {}
  for boot, seq, n, ords, refusal in string.gmatch(get('o:' .. attempt .. '|' .. digest) or '', '(%d+) (%d+) (%S+) (%S+) ?([^\\n]*)\\n') do
    claims[#claims + 1] = {boot = tonumber(boot), seq = tonumber(seq), ord = boot .. '.' .. seq, n = n, open = ords, refusal = refusal}
  end
  return claims
end
-- Claims that can tell nothing any more are dropped: this request leaves them out.
local function claim(n, refusal)
  local kept = ''
  for _, earlier in ipairs(claimsOf(attempt, digest)) do
    local isDone = earlier.n == '-' or seenToken(attempt, digest, earlier.n)
    local isEarlier = earlier.ord ~= ord and not isLater(earlier, boot, seq)
    if earlier.ord ~= ord and not (isDone and isEarlier and not lists(openOrds, earlier.ord)) then
      kept = kept .. earlier.boot .. ' ' .. earlier.seq .. ' ' .. earlier.n .. ' ' .. earlier.open .. ' ' .. earlier.refusal .. '\\n'
    end
  end
  set('o:' .. attempt .. '|' .. digest, kept .. boot .. ' ' .. seq .. ' ' .. n .. ' ' .. openOrds .. ' ' .. refusal .. '\\n')
end
`
