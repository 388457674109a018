/** Why the ledger is not ready because of its store, by code: what it is, and what a person does. */
export const STORE_PROBLEMS = {
  store_starting: {
    summary: 'The store is being looked at.',
    wayOut: 'Wait a moment; if it stays so, see the log of the ledger.',
  },
  store_unreachable: {
    summary: 'The store does not answer.',
    wayOut:
      'Start it: the ledger goes on by itself. It reads --store, the password and the certificate at its own start: correct them, then restart it.',
  },
  store_of_another_install: {
    summary: 'The Redis holds the data of another install: they are sealed with another master key.',
    wayOut: 'Name the Redis or the database number of this install, or put back the master key that wrote the data.',
  },
  store_in_doubt: {
    summary: 'The connection was lost or Redis was restarted: journals are being merged into it.',
    wayOut: 'Wait: it takes seconds, and the ledger serves again by itself.',
  },
  store_empty: {
    summary: 'The Redis is empty, and an empty Redis is never taken for a fresh ledger.',
    wayOut:
      'Put its data back. To begin anew on purpose, start one that has its journal once with --initialise: it is made anew from all their journals.',
  },
  store_too_old: {
    summary: 'The Redis was put back from a copy that is older than this journal reaches back.',
    wayOut:
      'Put newer data back. Else `jobcap ledger repair --give-up REPLICA` goes on with what the journal still has.',
  },
  journals_missing: {
    summary: 'The Redis may have lost its last steps, and journals of other replicas are not there.',
    wayOut:
      'Start those replicas again, with their journals. A journal that is lost for good: `jobcap ledger repair --give-up REPLICA`.',
  },
  journal_not_kept: {
    summary: 'This replica keeps no journal, so a loss of Redis would repeat calls.',
    wayOut: 'Start it with --journal DIR, a folder of its own; or waive it with --waive journal.',
  },
  journal_not_writable: {
    summary: 'The journal cannot be written, so nothing is sent.',
    wayOut:
      'Make room on its disk, or make it writable; where it is full of open calls, resolve them: `jobcap doctor` lists those in doubt. The ledger goes on by itself.',
  },
  journal_not_readable: {
    summary: 'The store may have lost its last steps, and the journal of this replica cannot be read.',
    wayOut:
      'Put its folder back. Lost for good: start this replica with a new folder, then `jobcap ledger repair --give-up` the one that is waited for.',
  },
  store_is_replica: {
    summary: 'The Redis is a replica: what it is told is lost.',
    wayOut:
      'Name its master in --store, or its Sentinels; where these are named, wait until they have named the new master. This cannot be waived.',
  },
  store_evicts: {
    summary: 'The Redis evicts records when its memory is full, and with them money.',
    wayOut: 'Set maxmemory-policy to noeviction. This cannot be waived.',
  },
  store_not_durable: {
    summary: 'The Redis writes no append-only file: a restart loses what it had acknowledged.',
    wayOut: 'Set appendonly to yes; or waive it with --waive appendonly.',
  },
  store_not_synced: {
    summary: 'The Redis does not sync each write: the end of its host may lose the last second.',
    wayOut: 'Set appendfsync to always and no-appendfsync-on-rewrite to no; or waive it with --waive appendfsync.',
  },
  store_not_private: {
    summary: 'The connection to Redis is not encrypted.',
    wayOut: 'Use rediss:// and --redis-ca FILE; or waive it with --waive tls.',
  },
  store_failed: {
    summary: 'The last step of the store failed.',
    wayOut: 'See the log of the ledger: disk full, memory full, read-only or locked.',
  },
} as const satisfies Readonly<Record<string, { readonly summary: string; readonly wayOut: string }>>

/** Code of one problem of the store, as `/readyz` lists it under `problem_codes`. */
export type StoreProblemCode = keyof typeof STORE_PROBLEMS

/** Whether this jobcap knows the code; an older one may not. */
export function isStoreProblem(code: string): code is StoreProblemCode {
  return Object.hasOwn(STORE_PROBLEMS, code)
}
