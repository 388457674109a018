/** What a reason leads to. `refuse`: the Job is not admitted. `skip`: it is admitted as it is. `warn`, `change`: as named. */
export type Outcome = 'refuse' | 'skip' | 'warn' | 'change'

/** One entry of the catalogue. */
export interface Reason {
  readonly outcome: Outcome
  /** Why, one sentence, without the names of a Job. */
  readonly summary: string
  /** What to change; of a change: how to do without it, or that nothing need be done. */
  readonly wayOut: string
}

/** The catalogue of what admission does and why. */
export const REASONS = {
  // The Job is left alone.
  namespace_not_enabled: skip(
    'The namespace is not labelled jobcap.dev/inject=enabled.',
    'Label the namespace to have its Jobs capped.',
  ),
  opted_out: skip(
    'The Job asks to be left alone, and the policy allows that.',
    'Take the annotation jobcap.dev/opt-out away.',
  ),
  not_a_job: skip('The object is not a batch/v1 Job.', 'Nothing: only Jobs are capped.'),

  // Not admitted: what policy says.
  policy_missing: refuse(
    'No policy of this name is loaded.',
    'Create the CapPolicy, or correct the label jobcap.dev/policy.',
  ),
  namespace_not_selected: refuse(
    'The policy may not be used from this namespace.',
    'Change namespaceSelector in the policy, or name another policy.',
  ),
  opt_out_not_allowed: refuse(
    'The Job asks to be left alone, and the policy does not allow that.',
    'Take the annotation away, or set allowOptOut in the policy.',
  ),
  terms_exceed_policy: refuse(
    'The Job asks for more than the policy allows.',
    'Lower the annotation to the figure in the message, or raise `max` in the policy.',
  ),
  annotation_invalid: refuse('An annotation of ours cannot be read.', 'Correct it as the message says.'),
  continues_in_cronjob: refuse(
    'A constant jobcap.dev/continues in a CronJob would make every night continue the same run.',
    'Take the annotation out of the template; put it on the Job made by hand that continues a failed run.',
  ),
  run_key_in_cronjob: refuse(
    'A constant jobcap.dev/run-key in a CronJob would make every start after the first only replay it.',
    'Take the annotation out of the template: each start is a run of its own without it.',
  ),

  // Not admitted: what would expose the credential.
  host_network: refuse(
    "hostNetwork shares the node's network, so every Pod on the node could use the proxy and its credential.",
    'Set hostNetwork to false.',
  ),
  host_pid: refuse(
    'hostPID lets other processes of the node read the credential through /proc.',
    'Set hostPID to false.',
  ),
  shared_process_namespace: refuse(
    'shareProcessNamespace lets the app read the credential through /proc.',
    'Set shareProcessNamespace to false.',
  ),
  reserved_name: refuse(
    'A container or volume of the app has a name that is ours.',
    'Rename it; jobcap-issuer, jobcap-proxy, jobcap-token and jobcap-credential are taken.',
  ),
  reserved_volume_mounted: refuse(
    'A container of the app mounts a volume of ours, which holds the credential.',
    'Take the volumeMount away.',
  ),

  // Not admitted: what cannot work.
  job_malformed: refuse('The Job lacks what every Job must have.', 'Correct it as the message says.'),
  windows: refuse('The proxy does not run on Windows nodes.', 'Run the Job on Linux.'),
  port_taken: refuse(
    'A container of the app listens on port 8080, which the proxy needs.',
    'Let the app listen elsewhere.',
  ),
  host_alias_taken: refuse(
    'hostAliases gives a host name of a vendor to another address.',
    'Take the host name out of hostAliases.',
  ),
  managed_by_other: refuse(
    'The Job is managed by another controller (managedBy), whose Pods cannot be vouched for.',
    'Leave managedBy away.',
  ),
  manual_selector: refuse(
    'manualSelector lets the Job adopt Pods that it did not make.',
    'Leave manualSelector and selector away.',
  ),
  container_restarts: refuse(
    'A container with a restart policy of its own is restarted in place, which would look like a new intention.',
    'Leave restartPolicy and restartPolicyRules of the container away; in a native sidecar leave the secret of the vendor away.',
  ),
  ledger_not_resolved: refuse(
    "The Pod would not ask the cluster's name servers, so that it would never find the ledger.",
    'Set dnsPolicy to ClusterFirst, or give dnsConfig nameservers and searches of the cluster.',
  ),
  name_too_long: refuse('The name is too long for an Indexed Job.', 'Shorten it to the length in the message.'),
  name_not_label: refuse(
    'The name cannot be that of an Indexed Job, whose Pods are named after it.',
    'Use lower-case letters, digits and dashes, no dots.',
  ),
  annotations_full: refuse(
    'The annotations of the Pod template leave no room for ours: the API server takes 256 KiB of them.',
    'Shorten them by the bytes in the message.',
  ),
  too_many_failure_rules: refuse(
    'podFailurePolicy would have more than 20 rules, because each rule without a containerName stands for every container.',
    'Give the rules a containerName, or use fewer.',
  ),

  // Changes.
  containers_added: change(
    'The issuer fetches the credential of the Pod; the proxy relays calls to the ledger.',
    'Nothing: they run before the containers of the app.',
  ),
  pull_secrets_added: change(
    'Our image is pulled from a registry that asks who pulls.',
    'Put the named Secrets into this namespace.',
  ),
  pod_resources_raised: change(
    'The requests and limits of the Pod as a whole must hold our containers as well.',
    'Nothing: a quota counts as much more as with requests of single containers.',
  ),
  volumes_added: change('The Pod token and the credential, mounted in our containers only.', 'Nothing.'),
  hosts_added: change("The vendors' host names lead to the proxy.", 'Nothing.'),
  base_url_set: change("The app finds the vendor's address in the environment.", 'Set the variable yourself.'),
  secret_replaced: change(
    "A vendor's secret is replaced by a placeholder: the ledger puts in the real one.",
    'Nothing; the Secret is no longer needed in this namespace.',
  ),
  made_indexed: change(
    'Indexed completion tells which Pod replaces which, so that retries are recognised.',
    'Nothing: the app may ignore JOB_COMPLETION_INDEX.',
  ),
  restart_policy_never: change(
    'A container restarted in place would look like a new intention; a new Pod is recognised.',
    'To keep it: annotation jobcap.dev/restart-policy: keep.',
  ),
  replacement_after_end: change(
    'A Pod is replaced only once it is gone, so that two Pods of one index do not work at once.',
    'Nothing.',
  ),
  failure_rule_added: change(
    'Exit code 93 of our containers ends the Job at once: a retry would be refused the same.',
    'Nothing.',
  ),
  failure_rule_spelled_out: change(
    'A rule without a containerName would also judge our containers, so it is written out for each container of the app.',
    'Nothing.',
  ),
  terms_recorded: change('The terms asked for stand in the Pod template, which cannot be edited later.', 'Nothing.'),

  // Warnings.
  emptydir_lost: warn(
    'With restartPolicy Never a failed container gets a new Pod, so what is in emptyDir volumes is lost.',
    'Keep what must survive elsewhere, or use jobcap.dev/restart-policy: keep.',
  ),
  restarts_kept: warn(
    'Containers are restarted in place, so each paid call needs an Idempotency-Key that names the intention.',
    'Send such keys, or take the annotation away.',
  ),
  sidecar_restarts: warn(
    'A native sidecar is restarted in place, and would then make its paid calls anew.',
    'Call vendors from other containers, or send Idempotency-Keys that name the intention.',
  ),
  http_proxy_set: warn(
    'A client that heeds this variable sends its calls to a proxy outside instead of to localhost:8080.',
    'Put localhost into NO_PROXY.',
  ),
  work_queue: warn(
    'A work queue (parallelism of several, no completions) has no index by which a replaced Pod could replay: paid calls without a key that names the intention are refused.',
    'Set completions, or send an Idempotency-Key that names the intention.',
  ),
  env_from_secret: warn(
    'Which variables come from this Secret cannot be seen; if a vendor secret is among them, it is in the Pod.',
    'Name the variables one by one with secretKeyRef.',
  ),
  secret_volume: warn(
    'A Secret that looks like a vendor’s is mounted as a volume, so the secret is in the Pod.',
    'Take the volume away: the ledger puts in the real secret.',
  ),
  secret_in_manifest: warn(
    'A vendor secret stands in the manifest itself.',
    'Take it out and change it at the vendor: others have read it.',
  ),
  secret_in_command: warn(
    'A vendor secret stands in a command, which is not changed.',
    'Take it out and change it at the vendor.',
  ),
  vendor_not_in_policy: warn(
    'A variable looks like the secret of a vendor that the policy does not name; it is left as it is.',
    'Add the vendor to the policy, or take the variable away.',
  ),
  port_hinted: warn('The variable PORT is 8080, which the proxy needs.', 'Use another port if the app listens.'),
  hostname_overwritten: warn(
    'Indexed completion sets the host name to <job>-<index>, so `hostname` of the template has no effect.',
    'Do not rely on it.',
  ),
  privileged_container: warn(
    'A privileged container can read the credential of the proxy.',
    'Set privileged to false.',
  ),
  annotation_unknown: warn('This annotation of jobcap.dev is not known and has no effect.', 'Look for a typing error.'),
  annotation_misplaced: warn(
    'This annotation has an effect only on the Job.',
    'Move it to metadata.annotations of the Job (of a CronJob: spec.jobTemplate.metadata.annotations).',
  ),

  // Warnings about the CronJob around it.
  concurrency_allowed: warn(
    'concurrencyPolicy Allow lets two nights run at once; each is a run of its own and charges all.',
    'Set concurrencyPolicy to Forbid.',
  ),
  no_starting_deadline: warn(
    'Without startingDeadlineSeconds a CronJob that missed 100 starts never starts again.',
    'Set startingDeadlineSeconds, for example 3600.',
  ),
  starting_deadline_short: warn(
    'A startingDeadlineSeconds below 10 may never start a Job: the controller looks every 10 s.',
    'Set it to 10 or more.',
  ),
  history_not_kept: warn(
    'A history limit of 0 deletes the ended Job at once, with the reason why it failed.',
    'Set it to 1 or more.',
  ),
  backoff_limit_zero: warn(
    'With backoffLimit 0 one lost Pod ends the Job.',
    'Set backoffLimit to 1 or more: retries do not charge twice.',
  ),
  backoff_limit_low: warn(
    'backoffLimit counts over all indexes, and it is lower than the Pods that run at once: one lost node ends the Job.',
    'Raise backoffLimit, or set backoffLimitPerIndex.',
  ),
  no_deadline: warn(
    'An app that hangs after a spent cap ends only by activeDeadlineSeconds, and there is none.',
    'Set activeDeadlineSeconds.',
  ),
  limits_missing: warn(
    'A container without a memory limit can take the node down with it, and the run too.',
    'Set resources.limits.memory.',
  ),
  tmp_not_writable: warn(
    'The root file system is read-only and no volume is mounted at /tmp.',
    'Mount an emptyDir at /tmp if the app writes there.',
  ),
  time_zone_missing: warn(
    "Without timeZone the schedule follows the controller's clock, while the days of a cap are UTC.",
    'Set timeZone, for example Etc/UTC.',
  ),
} as const satisfies Record<string, Reason>

/** Code of an entry; stands in brackets in what `jobcap explain` prints. */
export type ReasonCode = keyof typeof REASONS

type CodeOf<Wanted extends Outcome> = {
  [Code in ReasonCode]: (typeof REASONS)[Code]['outcome'] extends Wanted ? Code : never
}[ReasonCode]

export type RefuseCode = CodeOf<'refuse'>
export type SkipCode = CodeOf<'skip'>
export type ChangeCode = CodeOf<'change'>
export type WarnCode = CodeOf<'warn'>

function refuse(summary: string, wayOut: string) {
  return { outcome: 'refuse', summary, wayOut } as const
}

function skip(summary: string, wayOut: string) {
  return { outcome: 'skip', summary, wayOut } as const
}

function change(summary: string, wayOut: string) {
  return { outcome: 'change', summary, wayOut } as const
}

function warn(summary: string, wayOut: string) {
  return { outcome: 'warn', summary, wayOut } as const
}
