/**
 * Why: the first layout. Rows that rules read one at a time are columns; lists inside a row are JSON text. Money is
 * whole micro-dollars in INTEGER columns. The audit table refuses UPDATE and DELETE, so that the record stays as written.
 */
export const INITIAL = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  key_id TEXT PRIMARY KEY,
  run_uid TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  label TEXT,
  vendor TEXT,
  policy_name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'ended', 'revoked')),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  allowed_endpoints TEXT,
  cap_usd_micros INTEGER,
  daily_cap_usd_micros INTEGER,
  limits_set_by_person INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
  run_uid TEXT PRIMARY KEY,
  namespace TEXT NOT NULL,
  opened_at_ms INTEGER NOT NULL,
  row TEXT NOT NULL
) STRICT;

CREATE TABLE run_jobs (
  job_uid TEXT PRIMARY KEY,
  run_uid TEXT NOT NULL REFERENCES runs,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL
) STRICT;
CREATE INDEX run_jobs_by_name ON run_jobs (namespace, name);

CREATE TABLE pods (
  pod_uid TEXT PRIMARY KEY,
  run_uid TEXT NOT NULL,
  job_uid TEXT NOT NULL,
  scope TEXT NOT NULL,
  pod_order INTEGER NOT NULL UNIQUE,
  life INTEGER NOT NULL
) STRICT;
CREATE INDEX pods_by_scope ON pods (scope, pod_order);

CREATE TABLE calls (
  call_id TEXT PRIMARY KEY,
  run_uid TEXT NOT NULL,
  key_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  job_uid TEXT,
  pod_uid TEXT,
  pod_name TEXT,
  completion_index INTEGER,
  namespace TEXT,
  vendor TEXT NOT NULL,
  route TEXT NOT NULL,
  account TEXT NOT NULL,
  digest TEXT NOT NULL,
  core TEXT,
  n INTEGER,
  named_key TEXT,
  is_read INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'settled', 'released', 'in_doubt')),
  epoch INTEGER NOT NULL,
  open TEXT NOT NULL,
  sends INTEGER NOT NULL,
  lease_boot TEXT NOT NULL,
  lease_until_ms REAL NOT NULL,
  reserved_usd_micros INTEGER NOT NULL CHECK (reserved_usd_micros >= 0),
  spent_usd_micros INTEGER NOT NULL CHECK (spent_usd_micros >= 0),
  accounts TEXT NOT NULL,
  levels TEXT NOT NULL,
  object TEXT,
  repeat TEXT NOT NULL,
  first_sent_at_ms INTEGER,
  vendor_key TEXT,
  sealed_request BLOB,
  sealed_answer BLOB,
  answer_status INTEGER,
  has_effect INTEGER NOT NULL,
  not_sent TEXT,
  not_sent_answer BLOB,
  created_at_ms INTEGER NOT NULL,
  created_order INTEGER NOT NULL UNIQUE
) STRICT;
CREATE UNIQUE INDEX calls_by_occurrence ON calls (scope, digest, n) WHERE n IS NOT NULL;
CREATE UNIQUE INDEX calls_by_named_key ON calls (run_uid, vendor, account, named_key) WHERE named_key IS NOT NULL;
CREATE INDEX calls_by_core ON calls (scope, core) WHERE core IS NOT NULL AND n IS NOT NULL;
CREATE INDEX calls_unresolved ON calls (created_order) WHERE state IN ('reserved', 'sent', 'in_doubt');
CREATE INDEX calls_unresolved_by_key ON calls (key_id) WHERE state IN ('reserved', 'sent', 'in_doubt');
CREATE INDEX calls_by_run ON calls (run_uid);

CREATE TABLE seen (
  scope TEXT NOT NULL,
  digest TEXT NOT NULL,
  attempt TEXT NOT NULL,
  n INTEGER NOT NULL,
  token TEXT,
  PRIMARY KEY (scope, digest, attempt, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_by_attempt ON seen (attempt, digest);

CREATE TABLE handed (
  attempt TEXT NOT NULL,
  digest TEXT NOT NULL,
  n INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  token TEXT,
  PRIMARY KEY (attempt, digest, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE last (
  attempt TEXT NOT NULL,
  k TEXT NOT NULL,
  boot INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  call_id TEXT,
  refusal TEXT,
  PRIMARY KEY (attempt, k)
) STRICT, WITHOUT ROWID;

CREATE TABLE bindings (
  scope TEXT NOT NULL,
  token TEXT NOT NULL,
  digest TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (scope, token)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  account TEXT PRIMARY KEY,
  spent_usd_micros INTEGER NOT NULL,
  reserved_usd_micros INTEGER NOT NULL CHECK (reserved_usd_micros >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
  run_uid TEXT NOT NULL,
  vendor TEXT NOT NULL,
  object TEXT NOT NULL,
  shares TEXT NOT NULL,
  PRIMARY KEY (run_uid, vendor, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  run_uid TEXT NOT NULL,
  key_id TEXT NOT NULL,
  label TEXT,
  completion_index INTEGER,
  event TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_run ON audit (run_uid, seq);
CREATE INDEX audit_by_key ON audit (key_id, seq);
CREATE TRIGGER audit_keeps_lines BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
CREATE TRIGGER audit_keeps_all_lines BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END;
`
