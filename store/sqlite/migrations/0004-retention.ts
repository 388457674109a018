/**
 * Why: the records of ended runs go after a while. A key knows since when it is over and how far its records are taken
 * away; the time of keys that ended under an older layout begins now. What was spent on calls that are no longer there
 * is kept beside each account's sums, so that these can still be checked.
 */
export const RETENTION = `
ALTER TABLE keys ADD COLUMN ended_at_ms INTEGER;
ALTER TABLE keys ADD COLUMN retention TEXT NOT NULL DEFAULT 'kept' CHECK (retention IN ('kept', 'pruning', 'pruned'));
UPDATE keys SET ended_at_ms = unixepoch() * 1000 WHERE status <> 'active';
ALTER TABLE accounts ADD COLUMN pruned_usd_micros INTEGER NOT NULL DEFAULT 0;
CREATE INDEX keys_by_end ON keys (coalesce(ended_at_ms, expires_at_ms)) WHERE retention <> 'pruned';
CREATE INDEX pods_by_run ON pods (run_uid);
`
