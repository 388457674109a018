/**
 * Why: a call that its vendor declined, or whose failure it saved, can be made anew under a new key, by a later attempt;
 * so a call knows its gen, the life of the Pod that reserved it, and whether the vendor saved its failure.
 */
export const GEN = `
ALTER TABLE calls ADD COLUMN life INTEGER;
ALTER TABLE calls ADD COLUMN gen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN is_failure_saved INTEGER NOT NULL DEFAULT 0;
`
