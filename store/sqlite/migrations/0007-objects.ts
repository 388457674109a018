/** Why: a look-up at the vendor asks whether any record has an object already. */
export const OBJECTS = `
CREATE INDEX calls_by_object ON calls (object) WHERE object IS NOT NULL;
`
