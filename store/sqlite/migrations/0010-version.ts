/**
 * Why: of two rows of one key, as two journals have them after a loss, the newer one must be told. Keys of an older
 * layout begin at 0, below whatever is written of them from now on.
 */
export const VERSION = `
ALTER TABLE keys ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
`
