import type { Database, Statement } from 'better-sqlite3'
import { CALL_COLUMN_NAMES, KEY_COLUMN_NAMES, upsert } from './rows.ts'

const UNRESOLVED = `state IN ('reserved', 'sent', 'in_doubt')`

const AUDIT_FILTERS = `(@runUid IS NULL OR run_uid = @runUid) AND (@keyId IS NULL OR key_id = @keyId)
    AND (@label IS NULL OR label = @label) AND (@index IS NULL OR completion_index = @index)
    AND (@fromMs IS NULL OR at_ms >= @fromMs) AND (@toMs IS NULL OR at_ms < @toMs)`

/** Every statement of the engine; prepared at start, so that a bad one stops the boot and not a call. */
const SQL = {
  metaGet: 'SELECT value FROM meta WHERE name = ?',
  metaPut: 'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',

  keyGet: 'SELECT * FROM keys WHERE key_id = ?',
  keyByHash: 'SELECT * FROM keys WHERE hash = ?',
  keyList: 'SELECT * FROM keys WHERE (@label IS NULL OR label = @label) ORDER BY created_at_ms, key_id',
  keyPut: upsert('keys', 'key_id', KEY_COLUMN_NAMES),

  runGet: 'SELECT row FROM runs WHERE run_uid = ?',
  endedJobGet: 'SELECT 1 FROM ended_jobs WHERE job_uid = ?',
  endedJobPut: `INSERT INTO ended_jobs (job_uid, at_ms) VALUES (?, ?)
    ON CONFLICT (job_uid) DO UPDATE SET at_ms = excluded.at_ms`,
  endedJobsForget: 'DELETE FROM ended_jobs WHERE at_ms < ?',
  runOfJob: 'SELECT row FROM runs JOIN run_jobs USING (run_uid) WHERE job_uid = ?',
  runOfJobName: `SELECT row FROM runs JOIN run_jobs USING (run_uid)
    WHERE run_jobs.namespace = ? AND run_jobs.name = ? ORDER BY run_jobs.rowid DESC LIMIT 1`,
  runList: `SELECT row FROM runs WHERE (@namespace IS NULL OR namespace = @namespace)
    AND (@isLiving = 0 OR EXISTS (SELECT 1 FROM json_each(row, '$.jobs') WHERE NOT json_extract(value, '$.isEnded')))
    ORDER BY opened_at_ms, run_uid`,
  runTotals: `SELECT (SELECT count(*) FROM calls WHERE run_uid = @runUid AND is_read = 0 AND state = 'settled') AS calls,
    (SELECT count(*) FROM calls WHERE run_uid = @runUid AND is_read = 0 AND state = 'in_doubt') AS inDoubt,
    coalesce(sum(json_extract(event, '$.event') = 'call.replayed'), 0) AS replays,
    coalesce(sum(json_extract(event, '$.code') = 'cap_exhausted'), 0) AS refusedByCap FROM audit WHERE run_uid = @runUid`,
  runPut: `INSERT INTO runs (run_uid, namespace, opened_at_ms, row) VALUES (?, ?, ?, ?)
    ON CONFLICT (run_uid) DO UPDATE SET row = excluded.row`,
  runJobPut: 'INSERT INTO run_jobs (job_uid, run_uid, namespace, name) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',

  podGet: 'SELECT * FROM pods WHERE pod_uid = ?',
  podNewest: 'SELECT * FROM pods WHERE scope = ? ORDER BY pod_order DESC LIMIT 1',
  podMaxOrder: 'SELECT coalesce(max(pod_order), 0) AS value FROM pods',
  podPut: `INSERT INTO pods (pod_uid, run_uid, job_uid, scope, pod_order, life, walks)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (pod_uid) DO UPDATE SET life = excluded.life, walks = excluded.walks`,

  callGet: 'SELECT * FROM calls WHERE call_id = ?',
  callByOccurrence: 'SELECT * FROM calls WHERE scope = ? AND digest = ? AND n = ?',
  callByNamedKey: 'SELECT * FROM calls WHERE run_uid = ? AND vendor = ? AND account = ? AND named_key = ?',
  callOfObject: 'SELECT 1 AS value FROM calls WHERE object = ? AND call_id <> ? LIMIT 1',
  callTwins: `SELECT call_id, state, has_effect, seen.n IS NOT NULL AS is_seen FROM calls
    LEFT JOIN seen ON seen.attempt = @attempt AND seen.scope = calls.scope AND seen.digest = calls.digest
      AND seen.n = calls.n
    WHERE calls.scope = @scope AND core = @core AND calls.n IS NOT NULL AND calls.digest <> @digest
    ORDER BY created_order`,
  callProgress: `SELECT coalesce(max(created_order), 0) AS newest, coalesce(sum(${UNRESOLVED}), 0) AS unresolved
    FROM calls WHERE run_uid = @runUid AND scope = @scope AND is_read = 0`,
  callsUnresolvedByKey: `SELECT * FROM calls WHERE key_id = ? AND ${UNRESOLVED} ORDER BY created_order`,
  callsUnresolved: `SELECT * FROM calls WHERE ${UNRESOLVED} AND created_order > @after
    AND (state = 'in_doubt' OR lease_boot <> @boot OR lease_until_ms <= @nowMs) ORDER BY created_order LIMIT @limit`,
  callsUnresolvedAll: `SELECT * FROM calls WHERE ${UNRESOLVED} ORDER BY created_order`,
  callEffects: `WITH made AS (SELECT scope, digest, n FROM calls
      WHERE run_uid = ? AND state = 'settled' AND has_effect = 1 AND n IS NOT NULL),
    read AS (SELECT scope, digest, attempt, count(*) AS value FROM made JOIN seen USING (scope, digest, n)
      GROUP BY scope, digest, attempt),
    most AS (SELECT scope, digest, max(value) AS value FROM read GROUP BY scope, digest)
    SELECT count(*) AS made, coalesce(max(most.value), 0) AS most_seen FROM made LEFT JOIN most USING (scope, digest)
    GROUP BY scope, digest`,
  callMaxOrder: 'SELECT coalesce(max(created_order), 0) AS value FROM calls',
  callPut: upsert('calls', 'call_id', CALL_COLUMN_NAMES),

  seenGet: 'SELECT n, token FROM seen WHERE attempt = ? AND digest = ?',
  seenPut: 'INSERT INTO seen (scope, digest, attempt, n, token) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  handedGet: 'SELECT boot, token FROM handed WHERE attempt = ? AND digest = ? AND n = ?',
  handedPut: `INSERT INTO handed (attempt, digest, n, boot, token) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (attempt, digest, n) DO UPDATE SET boot = excluded.boot, token = excluded.token`,
  lastGet: 'SELECT * FROM last WHERE attempt = ? AND k = ?',
  lastAny: 'SELECT 1 AS value FROM last WHERE attempt = ? LIMIT 1',
  lastPut: `INSERT INTO last (attempt, k, boot, seq, call_id, refusal) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (attempt, k) DO UPDATE SET boot = excluded.boot, seq = excluded.seq, call_id = excluded.call_id,
    refusal = excluded.refusal`,
  claimsGet: 'SELECT boot, seq, n, open, refusal FROM claims WHERE attempt = ? AND digest = ? ORDER BY boot, seq',
  claimPut: `INSERT INTO claims (attempt, digest, boot, seq, n, open, refusal) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (attempt, digest, boot, seq) DO UPDATE SET n = excluded.n, open = excluded.open,
    refusal = excluded.refusal`,
  claimDrop: 'DELETE FROM claims WHERE attempt = ? AND digest = ? AND boot = ? AND seq = ?',
  bindingGet: 'SELECT digest, n FROM bindings WHERE scope = ? AND token = ?',
  bindingPut: `INSERT INTO bindings (scope, token, digest, n) VALUES (?, ?, ?, ?)
    ON CONFLICT (scope, token) DO UPDATE SET digest = excluded.digest, n = excluded.n`,

  accountGet: 'SELECT spent_usd_micros, reserved_usd_micros FROM accounts WHERE account = ?',
  // A first row is never negative; its CHECK is asked of the inserted values even where the row is there already.
  accountAdd: `INSERT INTO accounts (account, spent_usd_micros, reserved_usd_micros)
    VALUES (@account, max(@spent, 0), max(@reserved, 0))
    ON CONFLICT (account) DO UPDATE SET spent_usd_micros = spent_usd_micros + @spent,
    reserved_usd_micros = reserved_usd_micros + @reserved`,
  accountFreeze: 'UPDATE accounts SET frozen_usd_micros = ? WHERE account = ?',
  accountFrozen: 'SELECT frozen_usd_micros AS value FROM accounts WHERE account = ?',
  objectGet: 'SELECT shares FROM objects WHERE run_uid = ? AND vendor = ? AND object = ?',
  objectPut: `INSERT INTO objects (run_uid, vendor, object, shares) VALUES (?, ?, ?, ?)
    ON CONFLICT (run_uid, vendor, object) DO UPDATE SET shares = excluded.shares`,

  prunable: `SELECT key_id FROM keys WHERE retention <> 'pruned' AND coalesce(ended_at_ms, expires_at_ms) <= @endedBefore
    AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.key_id = keys.key_id AND ${UNRESOLVED})
    AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.run_uid = keys.run_uid AND NOT json_extract(row, '$.isClosed'))
    ORDER BY coalesce(ended_at_ms, expires_at_ms), key_id`,
  pruneSums: `UPDATE accounts SET pruned_usd_micros = pruned_usd_micros + gone.spent
    FROM (SELECT account.value AS name, sum(oldest.spent_usd_micros) AS spent
      FROM (SELECT accounts, spent_usd_micros FROM calls WHERE run_uid = @runUid ORDER BY rowid LIMIT @limit)
        AS oldest, json_each(oldest.accounts) AS account GROUP BY account.value) AS gone
    WHERE account = gone.name`,
  pruneCalls: `DELETE FROM calls WHERE call_id IN
    (SELECT call_id FROM calls WHERE run_uid = @runUid ORDER BY rowid LIMIT @limit)`,
  pruneSeen: `DELETE FROM seen WHERE (scope, digest, attempt, n) IN (SELECT scope, digest, attempt, n FROM seen
    WHERE scope IN (SELECT scope FROM pods WHERE run_uid = @runUid) LIMIT @limit)`,
  pruneBindings: `DELETE FROM bindings WHERE (scope, token) IN (SELECT scope, token FROM bindings
    WHERE scope IN (SELECT scope FROM pods WHERE run_uid = @runUid) LIMIT @limit)`,
  // An attempt is a Pod's UID, "/" and a life; "0" is the character after "/".
  pruneHanded: `DELETE FROM handed WHERE (attempt, digest, n) IN (SELECT attempt, digest, n FROM pods
    CROSS JOIN handed ON attempt > pod_uid || '/' AND attempt < pod_uid || '0' WHERE run_uid = @runUid LIMIT @limit)`,
  pruneLast: `DELETE FROM last WHERE (attempt, k) IN (SELECT attempt, k FROM pods
    CROSS JOIN last ON attempt > pod_uid || '/' AND attempt < pod_uid || '0' WHERE run_uid = @runUid LIMIT @limit)`,
  pruneClaims: `DELETE FROM claims WHERE (attempt, digest, boot, seq) IN (SELECT attempt, digest, boot, seq FROM pods
    CROSS JOIN claims ON attempt > pod_uid || '/' AND attempt < pod_uid || '0' WHERE run_uid = @runUid LIMIT @limit)`,
  pruneObjects: `DELETE FROM objects WHERE (run_uid, vendor, object) IN
    (SELECT run_uid, vendor, object FROM objects WHERE run_uid = @runUid LIMIT @limit)`,
  pruneDays: `DELETE FROM accounts WHERE account > 'run/' || @runUid || '/' AND account < 'run/' || @runUid || '0'`,
  prunePods: 'DELETE FROM pods WHERE run_uid = @runUid',

  auditPut: `INSERT INTO audit (seq, at_ms, run_uid, key_id, label, completion_index, event)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  auditEnd: 'SELECT seq, at_ms FROM audit ORDER BY seq DESC LIMIT 1',
  // One statement for each index, so that the events of one run are found without a walk over all.
  auditRead: `SELECT event FROM audit WHERE seq > @afterSeq AND ${AUDIT_FILTERS} ORDER BY seq LIMIT @limit`,
  auditReadOfRun: `SELECT event FROM audit WHERE run_uid = @runUid AND seq > @afterSeq AND ${AUDIT_FILTERS}
    ORDER BY seq LIMIT @limit`,
  auditReadOfKey: `SELECT event FROM audit WHERE key_id = @keyId AND seq > @afterSeq AND ${AUDIT_FILTERS}
    ORDER BY seq LIMIT @limit`,

  /** Accounts whose sums differ from those of their calls: none, unless the file was damaged. */
  booksOff: `WITH counted AS (
      SELECT account.value AS account, sum(calls.spent_usd_micros) AS spent, sum(calls.reserved_usd_micros) AS reserved
      FROM calls, json_each(calls.accounts) AS account GROUP BY account.value)
    SELECT accounts.account AS account FROM accounts LEFT JOIN counted USING (account)
    WHERE spent_usd_micros <> coalesce(counted.spent, 0) + pruned_usd_micros OR reserved_usd_micros <> coalesce(counted.reserved, 0)
    UNION ALL SELECT counted.account FROM counted LEFT JOIN accounts USING (account) WHERE accounts.account IS NULL
    LIMIT 5`,
} as const

export type Statements = Readonly<Record<keyof typeof SQL, Statement>>

export function prepareStatements(db: Database): Statements {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)] as const)
  return Object.fromEntries(entries) as Statements
}
