import { usd } from '../stage.ts'
import type { Scenario } from './scenario.ts'

const ONE_DOLLAR = `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      a asks D 1.2 as y → REFUSED cap_exhausted
      y works
      end D=1`

/** Rules 7 to 9 and the run's keys: whether a call may go out. */
export const ADMISSION: readonly Scenario[] = [
  {
    rule: 'guard_waits',
    story: 'a retry with a new timestamp in its body is not a new call',
    breaks: 'double',
    steps: `
      pod a
      a asks D' 1.1 as x core=c → SEND n=1
      x works
      a asks D'' 1.2 as y core=c → WAIT
      a asks D'' 1.3 as z core=c diverged=yes → REFUSED replay_divergence
      y works
      z works
      end D=1`,
  },
  {
    rule: 'guard_counts_reserved',
    story: 'a retry with a new timestamp waits for a call that is only reserved yet',
    breaks: 'double',
    steps: `
      pod a
      a asks D' 1.1 as x core=c → SEND n=1
      a asks D'' 1.2 as y core=c → WAIT
      x works
      y works
      end D=1`,
  },
  {
    rule: 'guard_skips_seen',
    story: 'a second payment of one customer goes out once the first was read',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x core=c → SEND n=1
      x works
      a reads x
      a asks E 1.2 as y core=c →! SEND n=1
      y works
      a reads y
      end D=1 E=1`,
  },
  {
    rule: 'guard_skips_effectless',
    story: 'what was declined stands in the way of nothing',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D' 1.1 as x core=c → SEND n=1
      x declined → settled
      a asks D'' 1.2 as y core=c →! SEND n=1
      y works
      a reads y
      end D=1`,
  },
  {
    rule: 'newest_attempt_only',
    story: 'a call of a replaced Pod arrives late, with a timestamp and no counterparty',
    breaks: 'double',
    steps: `
      pod a
      pod b
      b asks D'' 1.1 as y → SEND n=1
      y works
      b reads y
      a asks D' 1.1 as late → REFUSED stale_attempt
      late works
      end D=1`,
  },
  {
    rule: 'endpoint',
    story: 'an endpoint that is not allowed is not called',
    breaks: 'unwanted effect',
    steps: `
      pod a
      a asks D 1.1 as x endpoint=closed → REFUSED endpoint_not_allowed
      x works
      end D=0`,
  },
  {
    rule: 'restarts_need_named_keys',
    story: 'a program that is restarted in place names what it pays',
    breaks: 'double',
    setting: { needsNamedKeys: true },
    steps: `
      pod a
      a asks D 1.1 as x → REFUSED restart_needs_named_key
      x works
      a reads x
      a asks D 1.2 as y → REFUSED restart_needs_named_key
      y works
      a asks D 1.3 as z key=inv-7 → SEND
      z works
      a reads z
      end D=1`,
  },
  {
    rule: 'work_queue_needs_named_keys',
    story: 'Pods of a work queue share nothing, so they name what they pay',
    breaks: 'double',
    steps: `
      pod a index=none
      a asks D 1.1 as x → REFUSED idempotency_key_required
      x works
      pod b index=none
      b asks D 1.1 as y → REFUSED idempotency_key_required
      y works
      b asks D 1.2 as z key=inv-7 → SEND
      z works
      b reads z
      end D=1`,
  },
  { rule: 'cap_run', story: 'the run', breaks: 'over the cap', setting: { capUsd: 1 }, steps: ONE_DOLLAR },
  {
    rule: 'cap_run_day',
    story: 'a day of the run',
    breaks: 'over the cap',
    setting: { dailyCapUsd: 1 },
    steps: ONE_DOLLAR,
  },
  ...(['policy_day', 'policy_vendor_day', 'policy_namespace_day'] as const).map(
    (level): Scenario => ({
      rule: `cap_${level}`,
      story: `a cap on ${level} holds`,
      breaks: 'over the cap',
      setting: { limits: [{ level, limitUsdMicros: usd(1) }] },
      steps: ONE_DOLLAR,
    }),
  ),
  {
    rule: 'cap_policy_class_day',
    story: 'a cap on a class of money holds',
    breaks: 'over the cap',
    setting: { moneyClass: 'refunds', limits: [{ level: 'policy_class_day', limitUsdMicros: usd(1) }] },
    steps: ONE_DOLLAR,
  },
  {
    rule: 'continue_conditions',
    story: 'a revoked run is not continued',
    breaks: 'sent after revocation',
    steps: `
      pod a
      job job-1 ends
      revoke → 0 in flight
      pod b job=job-2 continues=job-1 → REFUSED continue_revoked
      b asks D 1.1 as x → no such Pod`,
  },
  {
    rule: 'newest_job_only',
    story: 'a leftover of the earlier Job charges nothing once another Job continues the run',
    breaks: 'unwanted effect',
    steps: `
      pod a index=0
      a asks D 1.1 as x → SEND n=1
      x works
      job job-1 ends
      pod b index=1 job=job-2 continues=job-1 → ADMITTED life=1
      a asks E 1.2 as late → REFUSED key_ended
      late works
      end D=1 E=0`,
  },
  {
    rule: 'ended_job_opens_nothing',
    story: 'a Job that ended while its exchange was under way does not stand in the way of the next',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      job job-1 ends
      job job-2 ends
      pod b job=job-2 continues=job-1 → REFUSED key_ended
      pod c job=job-3 continues=job-1 →! ADMITTED life=1
      end D=1`,
  },
  {
    rule: 'persons_limits_stay',
    story: 'a limit that a person lowered is not raised by a continuing Job',
    breaks: 'unwanted effect',
    setting: { capUsd: 5 },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      raise 1
      job job-1 ends
      pod b job=job-2 continues=job-1 cap=9 → ADMITTED life=1
      b asks E 1.1 as y → REFUSED cap_exhausted
      y works
      end D=1 E=0`,
  },
  {
    rule: 'kept_long_enough',
    story: 'a run that ended on Friday can be continued on Sunday',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      job job-1 ends
      hours 60
      prune → kept
      pod b job=job-2 continues=job-1 →! ADMITTED life=1
      b asks D 1.1 as y → REPLAY n=1
      end D=1`,
  },
  {
    rule: 'kept_while_unresolved',
    story: 'the record of a call in doubt stays until it is resolved',
    breaks: 'effect uncounted',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x executes
      x unknown → in_doubt
      job job-1 ends
      hours 100
      prune → kept
      x settles → settled
      prune → pruned
      end D=1`,
  },
  {
    rule: 'pruned_not_continued',
    story: 'a run whose records are gone is not continued, since every call of it would look new',
    breaks: 'double',
    setting: { isAnyOrder: true },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      job job-1 ends
      hours 80
      prune → pruned
      pod b job=job-2 continues=job-1 → REFUSED run_too_old
      b asks D 1.1 as y
      y works
      end D=1`,
  },
]
