/** Why: a copy of an exchange that comes late must not begin another life. Ids by spaces, oldest first. */
export const WALKS = `
ALTER TABLE pods ADD COLUMN walks TEXT NOT NULL DEFAULT '';
`
