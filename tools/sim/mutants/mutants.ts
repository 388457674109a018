import type { RuleName } from '../../../store/rules/rulebook.ts'
import type { Focus } from '../plan/focus.ts'
import type { Mutant, PlantedText } from './mutant.ts'
import { PLANTED } from './planted.ts'
import { PLANTED_IN_COPIES } from './planted-in-copies.ts'
import { PLANTED_IN_GATE } from './planted-in-gate.ts'
import { PLANTED_IN_PUT_BACK } from './planted-in-put-back.ts'
import { PLANTED_IN_QUEUES } from './planted-in-queues.ts'
import { PLANTED_IN_RESTARTS } from './planted-in-restarts.ts'
import { PLANTED_IN_STREAMS } from './planted-in-streams.ts'
import { PLANTED_IN_RECOVERY } from './planted-recovery.ts'

/** Rules whose absence breaks a promise in a few hundred seeds at most. */
const LEFT_OUT: readonly RuleName[] = [
  'seen_facts_stay',
  'key_status',
  'stale_ord',
  'same_ord_same_call',
  'named_over_run',
  'smallest_unseen',
  'takeover_keeps_reservation',
  'guard_waits',
  'cap_run',
  'cap_policy_day',
  'cap_policy_vendor_day',
  'cap_policy_namespace_day',
  'in_doubt_sent_once',
  'persons_limits_stay',
  'history',
  'repeat_within_window',
  'renew_keeps_life',
  'cap_run_day',
  'gen_in_key',
  'gen_after_saved_failure',
  'token_seen_under_another',
  'token_handed_in_older_boot',
  'guard_counts_reserved',
  'guard_skips_seen',
  'nonce_once',
  'takeover_new_epoch',
  'reserve_new_epoch',
  'mark_current_epoch',
  'guard_skips_effectless',
  'frozen_level_waits',
  'merge_limits',
  'merge_revocations',
  'merge_ended_jobs',
  'release_only_when_closed',
  'reserve_opens_send',
  'same_ord_not_sent',
  'named_mismatch',
  'token_bound',
  'claimed_ord_keeps_n',
  'claims_that_are_listed',
  'claims_that_list',
  'claims_leave_doubtful',
  'unkept_answer_bought_anew',
  'join_live',
  'endpoint',
  'release_only_current_epoch',
  'mark_key_active',
  'decline_runs_again',
  'decline_stands',
  'decline_was_last',
  'revoked_not_repaired',
  'reaper_releases_unsent',
  'settle_any_epoch',
  'settle_hands',
  'new_walk_new_life',
  'object_once',
]

/** Those whose absence shows at one focus only. */
const LEFT_OUT_AT: readonly (readonly [RuleName, Focus])[] = [
  ['same_ord_same_refusal', 'told'],
  ['left_out_ord_is_stale', 'told'],
  ['given_back_stays', 'holds'],
  ['work_queue_needs_named_keys', 'queue'],
  ['takeover_endpoint', 'owners'],
  ['merge_into_existing', 'unmarked'],
]

const planted = ({ name, focus, also = [], ...edit }: PlantedText): Mutant => ({
  ...{ name, kind: 'text', edits: [edit, ...also] },
  ...(focus === undefined ? {} : { focus }),
})
const leftOut = (rule: RuleName): Mutant => ({ name: `without ${rule}`, kind: 'rule', rule })

export const MUTANTS: readonly Mutant[] = [
  ...[
    ...PLANTED,
    ...PLANTED_IN_RECOVERY,
    ...PLANTED_IN_STREAMS,
    ...PLANTED_IN_QUEUES,
    ...PLANTED_IN_GATE,
    ...PLANTED_IN_RESTARTS,
    ...PLANTED_IN_COPIES,
    ...PLANTED_IN_PUT_BACK,
  ].map(planted),
  ...LEFT_OUT.map(leftOut),
  ...LEFT_OUT_AT.map(([rule, focus]) => ({ ...leftOut(rule), focus })),
]
