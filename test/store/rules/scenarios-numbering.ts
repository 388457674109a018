import type { Scenario } from './scenario.ts'

/** Rules 0 to 5: which call a request means. */
export const NUMBERING: readonly Scenario[] = [
  {
    rule: 'history',
    story: 'a request built before the store lost something is asked again with all that was seen',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works → settled
      a reads x
      a asks D 1.2 as y history=old without facts → NEW_HISTORY
      a asks D 1.2 as y → SEND n=2
      y works → settled
      a reads y
      end D=2`,
  },
  {
    rule: 'seen_facts_stay',
    story: 'what a refused request reported as seen is not asked for again',
    breaks: 'swallowed',
    setting: { capUsd: 1 },
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works → settled
      a reads x
      a asks D 1.2 as y → REFUSED cap_exhausted
      raise 2
      a asks D 1.3 as z without facts → SEND n=2
      z works
      a reads z
      end D=2`,
  },
  {
    rule: 'key_status',
    story: 'a revoked key admits nothing',
    breaks: 'sent after revocation',
    steps: `
      pod a
      revoke → 0 in flight
      a asks D 1.1 as x → REFUSED key_revoked`,
  },
  {
    rule: 'stale_ord',
    story: 'a late copy of a finished request is no new call',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      a asks D 1.2 as y → SEND n=2
      y works
      a reads y
      a asks D 1.1 as late → REFUSED stale_request
      late works
      end D=2`,
  },
  {
    rule: 'same_ord_same_call',
    story: 'a late copy of the newest request is that request, though its answer was read meanwhile',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      a reports → recorded
      a asks D 1.1 as late → REPLAY n=1
      late works
      end D=1`,
  },
  {
    rule: 'same_ord_same_refusal',
    story: 'an app that was refused for good and took its fallback is not charged by a late copy after a raise',
    breaks: 'unwanted effect',
    setting: { capUsd: 1 },
    steps: `
      pod a
      a asks E 1.1 as e → SEND n=1
      e works
      a reads e
      a asks D 1.2 as x → REFUSED cap_exhausted
      raise 5
      a asks D 1.2 as late → REFUSED cap_exhausted
      late works
      end E=1 D=0`,
  },
  {
    rule: 'same_ord_not_sent',
    story: 'an app that was told "not sent" is not charged by a late copy of that request',
    breaks: 'unwanted effect',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unsent → released
      a asks D 1.1 as late → NOT_SENT
      late works
      end D=0`,
  },
  {
    rule: 'named_over_run',
    story: 'a key that names the intention holds over all indexes of the run',
    breaks: 'dead end',
    steps: `
      pod a index=0
      pod b index=1
      a asks D 1.1 as x key=inv-7 → SEND
      x works
      a reads x
      b asks D 1.1 as y key=inv-7 →! REPLAY
      b reads y
      end D=1`,
  },
  {
    rule: 'named_mismatch',
    story: 'another content under a named key is not answered with the old call',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x key=inv-7 → SEND
      x works
      a reads x
      a asks E 1.2 as y key=inv-7 → REFUSED idempotency_mismatch
      a reads y
      end D=1 E=0`,
  },
  {
    rule: 'token_bound',
    story: 'a client that read the bytes and then failed asks again under its token',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x token=t1 → SEND n=1
      x works
      a reads x
      a asks D 1.2 as y token=t1 → REPLAY n=1
      y works
      end D=1`,
  },
  {
    rule: 'token_mismatch',
    story: 'another content under a retry token has no effect, as at the vendor itself',
    breaks: 'unwanted effect',
    steps: `
      pod a
      a asks D 1.1 as x token=t1 → SEND n=1
      x works
      a reads x
      a asks E 1.2 as y token=t1 → REFUSED idempotency_mismatch
      y works
      end D=1 E=0`,
  },
  {
    rule: 'token_seen_under_another',
    story: 'an answer that another in-process call has read is not read a second time',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x token=t1 → SEND n=1
      x works
      a asks D 1.2 as y token=t2 → REPLAY n=1
      a reads y
      a asks D 1.3 as z token=t1 → REFUSED ambiguous_repeat
      a reads z
      pod b
      b asks D 1.1 as u token=t3 → REPLAY n=1
      b reads u
      b asks D 1.2 as v token=t4 → SEND n=2
      v works
      b reads v
      end D=2`,
  },
  {
    rule: 'token_handed_in_older_boot',
    story: 'an answer that another call may have read before the sidecar died is not handed out again',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x token=t1 → SEND n=1
      x works
      a asks D 1.2 as y token=t2 → REPLAY n=1
      a reads y unnoticed
      a asks D 2.1 as z token=t1 → REFUSED ambiguous_repeat
      a reads z
      pod b
      b asks D 1.1 as u token=t3 → REPLAY n=1
      b reads u
      b asks D 1.2 as v token=t4 → SEND n=2
      v works
      end D=2`,
  },
  {
    rule: 'smallest_unseen',
    story: 'an app whose client timed out asks again without a token',
    breaks: 'double',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a asks D 1.2 as y → REPLAY n=1
      y works
      a reads y
      end D=1`,
  },
  {
    rule: 'handed_in_older_boot',
    story: 'the answer was read, then the sidecar died before it knew',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x unnoticed
      a asks D 2.1 as y → REFUSED ambiguous_repeat
      a reads y
      pod b
      b asks D 1.1 as u → REPLAY n=1
      b reads u
      b asks D 1.2 as v → SEND n=2
      v works
      b reads v
      end D=2`,
  },
  {
    rule: 'delivering_line',
    story: "the sidecar's file says that an answer was being delivered, the store does not know of it",
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x unknown → in_doubt
      reaper takes x as r → SEND reserved
      r works → settled
      a reads x unnoticed
      a asks D 2.1 as y delivering=1 → REFUSED ambiguous_repeat
      a reads y`,
  },
  {
    rule: 'delivery_clears',
    story: 'the sidecar died before it delivered a byte, and its file says so',
    breaks: 'dead end',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      a asks D 2.1 as y intact=1 →! REPLAY n=1
      a reads y
      end D=1`,
  },
  {
    rule: 'settle_hands',
    story: 'a second owner hands on the answer that the first has settled, then the sidecar dies',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      leases run out
      pod b
      b asks D 1.1 as y → SEND n=1
      x works → settled
      y works → noted
      b reads y unnoticed
      b asks D 2.1 as z → REFUSED ambiguous_repeat
      b reads z`,
  },
  {
    rule: 'replay_hands',
    story: 'a replay is read, then the sidecar dies before it knew',
    breaks: 'swallowed',
    steps: `
      pod a
      a asks D 1.1 as x → SEND n=1
      x works
      pod b
      b asks D 1.1 as y → REPLAY n=1
      b reads y unnoticed
      b asks D 2.1 as z → REFUSED ambiguous_repeat
      b reads z`,
  },
  {
    rule: 'renew_keeps_life',
    story: 'a renewed credential goes on with the same walk',
    breaks: 'swallowed',
    steps: `
      pod a → ADMITTED life=1
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      pod a purpose=renew → ADMITTED life=1
      a asks D 1.2 as y → SEND n=2
      y works
      a reads y
      end D=2`,
  },
  {
    rule: 'walk_begins_once',
    story: 'a late copy of the exchange does not put the app at its beginning again',
    breaks: 'swallowed',
    steps: `
      pod a walk=w → ADMITTED life=1
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      pod a walk=w → ADMITTED life=1
      a asks D 1.2 as y → SEND n=2
      y works
      a reads y
      end D=2`,
  },
  {
    rule: 'new_walk_new_life',
    story: 'a program restarted in its Pod, issuer included, walks its calls again',
    breaks: 'double',
    steps: `
      pod a → ADMITTED life=1
      a asks D 1.1 as x → SEND n=1
      x works
      a reads x
      pod a → ADMITTED life=2
      a asks D 1.2 as y → REPLAY n=1
      y works
      a reads y
      end D=1`,
  },
]
