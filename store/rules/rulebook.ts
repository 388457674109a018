/**
 * Every rule of the numbering and of the money by name. A ledger follows all of them; tests leave one out to show that
 * a promise then breaks. What each one says stands where it is asked.
 */
export const RULES = [
  'history',
  'seen_facts_stay',
  'key_status',
  'stale_ord',
  'same_ord_same_call',
  'same_ord_same_refusal',
  'same_ord_not_sent',
  'named_over_run',
  'named_mismatch',
  'token_bound',
  'token_mismatch',
  'token_seen_under_another',
  'token_handed_in_older_boot',
  'claimed_ord_keeps_n',
  'left_out_ord_is_stale',
  'claims_that_are_listed',
  'claims_that_list',
  'smallest_unseen',
  'handed_in_older_boot',
  'delivering_line',
  'delivery_clears',
  'replay_hands',
  'settle_hands',
  'join_live',
  'takeover_keeps_reservation',
  'takeover_newest_only',
  'takeover_endpoint',
  'takeover_new_epoch',
  'takeover_adds_send',
  'repeat_within_window',
  'guard_waits',
  'guard_counts_reserved',
  'guard_skips_seen',
  'guard_skips_effectless',
  'newest_attempt_only',
  'endpoint',
  'restarts_need_named_keys',
  'work_queue_needs_named_keys',
  'cap_run',
  'cap_run_day',
  'cap_policy_day',
  'cap_policy_vendor_day',
  'cap_policy_namespace_day',
  'cap_policy_class_day',
  'reserve_new_epoch',
  'reserve_opens_send',
  'nonce_once',
  'release_only_when_closed',
  'release_only_current_epoch',
  'mark_reserved_only',
  'mark_current_epoch',
  'mark_key_active',
  'in_doubt_sent_once',
  'settle_any_epoch',
  'settle_current_gen',
  'gen_in_key',
  'gen_after_saved_failure',
  'gen_never_after_time_out',
  'decline_runs_again',
  'decline_stands',
  'decline_was_last',
  'decline_nothing_in_flight',
  'unkept_answer_bought_anew',
  'found_unbound',
  'second_answer_alarms',
  'revoke_releases_unsent',
  'revoked_not_repaired',
  'reaper_new_epoch',
  'reaper_releases_unsent',
  'object_once',
  'give_back_once',
  'continue_conditions',
  'newest_job_only',
  'ended_job_opens_nothing',
  'persons_limits_stay',
  'renew_keeps_life',
  'new_walk_new_life',
  'walk_begins_once',
  'frozen_level_waits',
  'merge_into_existing',
  'kept_long_enough',
  'kept_while_unresolved',
  'kept_while_a_job_lives',
  'pruned_not_continued',
] as const

export type RuleName = (typeof RULES)[number]

/** The rules that are followed. */
export interface Rulebook {
  holds(rule: RuleName): boolean
}

export const WHOLE_RULEBOOK: Rulebook = { holds: () => true }

/** All rules but `leftOut`. */
export function rulebookWithout(leftOut: RuleName): Rulebook {
  return { holds: (rule) => rule !== leftOut }
}
