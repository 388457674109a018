/**
 * Why: a person may set one limit of a key and leave the other to the Jobs that continue its run, so which ones were
 * set is kept, not only that one was.
 */
export const PERSONS_LIMITS = `
ALTER TABLE keys ADD COLUMN persons_limits TEXT NOT NULL DEFAULT '[]';
UPDATE keys SET persons_limits = '["capUsdMicros","dailyCapUsdMicros"]' WHERE limits_set_by_person = 1;
`
