/**
 * Why: identical calls of an LLM route may run in parallel, so for each attempt and content it is kept which request
 * claimed which number and which others it said were open.
 */
export const CLAIMS = `
CREATE TABLE claims (
  attempt TEXT NOT NULL,
  digest TEXT NOT NULL,
  boot INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER,
  open TEXT NOT NULL,
  refusal TEXT,
  PRIMARY KEY (attempt, digest, boot, seq)
) STRICT, WITHOUT ROWID;
`
