/** Why: a Job may end while the exchange that would open its run is still under way. */
export const ENDED_JOBS = `
CREATE TABLE ended_jobs (
  job_uid TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_jobs_by_time ON ended_jobs (at_ms);
`
