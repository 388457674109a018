/** A bug planted in the scripts by replacing a text. `file`: where the text stands. */
export interface ScriptMutant {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly replacement: string
  /** The first seed whose random steps notice it, tried before all others: a search for it takes up to a minute. */
  readonly seed: number
}

const BASE = 'store/redis/lua/base.ts'
const CALLS = 'store/redis/lua/calls.ts'
const NUMBERING = 'store/redis/lua/numbering.ts'
const SETTLING = 'store/redis/lua/settling.ts'
const SEEN = 'store/redis/lua/seen.ts'
const SENDING = 'store/redis/scripts/sending.ts'
const QUICK = 'store/redis/scripts/quick.ts'

/** Each must be caught by the random steps of `fuzz.test.ts`. */
export const SCRIPT_MUTANTS: readonly ScriptMutant[] = [
  {
    name: 'skip the cap of the policy and day',
    file: NUMBERING,
    text: "local limits = {get('cap'), get('day_cap'), policyLimit,",
    replacement: "local limits = {get('cap'), get('day_cap'), '',",
    seed: 1,
  },
  {
    name: 'forget what is reserved when a cap is asked',
    file: NUMBERING,
    text: '9007199254740991) - spent - reserved then',
    replacement: '9007199254740991) - spent then',
    seed: 1,
  },
  {
    name: 'one micro-dollar over the cap passes',
    file: NUMBERING,
    text: 'if isFull or amount > (isDeclared',
    replacement: 'if isFull or amount > 1 + (isDeclared',
    seed: 5,
  },
  {
    name: 'a takeover keeps the epoch',
    file: CALLS,
    text: "'reserved', c.epoch + 1, nowMs + leaseMs, nonce",
    replacement: "'reserved', c.epoch, nowMs + leaseMs, nonce",
    seed: 1,
  },
  {
    name: 'a takeover forgets the sends before it',
    file: CALLS,
    text: "c.open = c.open == '-' and nonce or c.open .. ',' .. nonce",
    replacement: 'c.open = nonce',
    seed: 1,
  },
  {
    name: 'a send that did not leave releases although another is open',
    file: SENDING,
    text: "if isOwner and c.open == '-' then",
    replacement: 'if isOwner then',
    seed: 50,
  },
  {
    name: 'an owner of an older epoch releases',
    file: SENDING,
    text: "if isOwner and c.open == '-' then",
    replacement: "if c.open == '-' then",
    seed: 10,
  },
  {
    name: 'a lease ends a millisecond late',
    file: CALLS,
    text: 'return c.leaseMs > nowMs end',
    replacement: 'return c.leaseMs >= nowMs end',
    seed: 1,
  },
  {
    name: 'the number is a count and one',
    file: SEEN,
    text: 'return tonumber(low), tonumber(read)',
    replacement: 'return tonumber(low) + tonumber(read), tonumber(read)',
    seed: 2,
  },
  {
    name: 'a late copy of a request is taken for new',
    file: NUMBERING,
    text: "if order < 0 then return refused('stale_request') end",
    replacement: '',
    seed: 1,
  },
  {
    name: 'a call that may not be repeated is repeated',
    file: CALLS,
    text: "if c.windowMs == 'never' or c.windowMs == 'anew' then return false end",
    replacement: "if c.windowMs == 'anew' then return false elseif c.windowMs == 'never' then return true end",
    seed: 8,
  },
  {
    name: 'a call in doubt is sent again after the window of its vendor',
    file: CALLS,
    text: 'nowMs - tonumber(c.firstMs) < tonumber(c.windowMs)',
    replacement: 'nowMs - tonumber(c.firstMs) < 2 * tonumber(c.windowMs)',
    seed: 1,
  },
  {
    name: 'money settles in the day of the settling',
    file: CALLS,
    text: "set('a:' .. c.day, add(get('a:' .. c.day), spent, reserved))",
    replacement: "set('a:2026-11-22', add(get('a:2026-11-22'), spent, reserved))",
    seed: 1,
  },
  {
    name: 'a release keeps the money reserved',
    file: CALLS,
    text: 'addMoney(c, 0, -c.reserved, -1)',
    replacement: 'addMoney(c, 0, 0, -1)',
    seed: 2,
  },
  {
    name: 'an object is counted again by each call',
    file: SETTLING,
    text: 'spent = math.max(0, spent - counted(shares))',
    replacement: 'spent = spent + 0',
    seed: 11,
  },
  {
    name: 'an object gives its dollars back twice',
    file: SETTLING,
    text: "set(field, '')\n",
    replacement: '\n',
    seed: 2,
  },
  {
    name: 'a second, different answer raises no alarm',
    file: SETTLING,
    text: "if isSame then return 'noted', false end",
    replacement: "if true then return 'noted', false end",
    seed: 1,
  },
  {
    name: 'an old attempt makes new calls',
    file: NUMBERING,
    text: "if get('p:' .. scope) == attempt then return nil end",
    replacement: 'if true then return nil end',
    seed: 1,
  },
  {
    name: 'a revoked key admits',
    file: CALLS,
    text: "if status == 'revoked' then return 'key_revoked' end",
    replacement: '',
    seed: 1,
  },
  {
    name: 'a mark is given to an owner that was replaced',
    file: SENDING,
    text: "if c.state ~= 'reserved' or not isOwner or isFrozen(c) then return {'refused'} end",
    replacement: "if c.state ~= 'reserved' or isFrozen(c) then return {'refused'} end",
    seed: 1,
  },
  {
    name: 'the guard of the core looks past reserved calls',
    file: NUMBERING,
    text: "if c.state ~= 'released' and not (c.state == 'settled' and c.effect == '0') then",
    replacement:
      "if c.state ~= 'released' and c.state ~= 'reserved' and not (c.state == 'settled' and c.effect == '0') then",
    seed: 3,
  },
  {
    name: 'a token names another content',
    file: NUMBERING,
    text: "if boundDigest ~= digest then return refused('idempotency_mismatch') end",
    replacement: '',
    seed: 2,
  },
  {
    name: 'what was handed over in an older boot is forgotten',
    file: NUMBERING,
    text: 'if handedBoot >= tonumber(boot) then return false end',
    replacement: 'if handedBoot >= 0 then return false end',
    seed: 49,
  },
  {
    name: 'the audit record of a refusal is left out',
    file: 'store/redis/scripts/number.ts',
    text: `append(actorText(), '"event":"call.refused",'`,
    replacement: `tostring(actorText(), '"event":"call.refused",'`,
    seed: 1,
  },
  {
    name: 'the quick way asks no cap',
    file: QUICK,
    text: "runReserved > (cap ~= '-' and cap or most) - runSpent",
    replacement: 'false',
    seed: 41,
  },
  {
    name: 'the quick way forgets what is reserved',
    file: QUICK,
    text: 'policyReserved > (policyLimit',
    replacement: 'amount > (policyLimit',
    seed: 8,
  },
  {
    name: "the quick way reserves nothing on the policy's account",
    file: QUICK,
    text: "policyAccount, policySpent .. format(' %d', policyReserved)",
    replacement: "policyAccount, policySpent .. format(' %d', policyReserved - amount)",
    seed: 5,
  },
  {
    name: 'the quick way looks past the core guard',
    file: QUICK,
    text: ' or twins or record',
    replacement: ' or record',
    seed: 21,
  },
  {
    name: 'the quick way admits for a key that is over',
    file: BASE,
    text: " or get('status') ~= 'active'",
    replacement: '',
    seed: 70,
  },
  {
    name: 'the quick way asks the caps of before',
    file: BASE,
    text: 'needs_named = true, cap = true, day_cap = true}',
    replacement: 'needs_named = true}',
    seed: 12,
  },
  {
    name: 'a second call of a core hides the first',
    file: CALLS,
    text: "set(list .. '|' .. count, twin)",
    replacement: 'set(list, twin)',
    seed: 8,
  },
  {
    name: 'an answer names the event before the one that made its call',
    file: QUICK,
    text: `,"isOverrun":false', 'o', at)`,
    replacement: `,"isOverrun":false', 'o', at - 1)`,
    seed: 37,
  },
  {
    name: 'the quick way makes a call anew that is on record',
    file: QUICK,
    text: ' or occurrence or twins',
    replacement: ' or twins',
    seed: 5,
  },
  {
    name: 'the quick way hides an overrun',
    file: QUICK,
    text: 'spent > reserved or ',
    replacement: '',
    seed: 3,
  },
  {
    name: 'the quick way settles a call that was made anew as if nobody had touched it',
    file: QUICK,
    text: "'^(%S+) 1 (%S+) 1 %S+",
    replacement: "'^(%S+) %S+ (%S+) %S+ %S+",
    seed: 229,
  },
  {
    name: 'the quick way keeps what was reserved on the account of the namespace',
    file: QUICK,
    text: 'namespaceSpent, namespaceReserved - reserved',
    replacement: 'namespaceSpent, namespaceReserved',
    seed: 37,
  },
  {
    name: 'what was read without a token is not known as read',
    file: SEEN,
    text: 'if not token and tonumber(n) < lowOf(attempt, digest) then',
    replacement: 'if false then',
    seed: 238,
  },
]
