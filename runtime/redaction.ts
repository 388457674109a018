/**
 * The one list of field names whose values never reach a log. They are censored at the top and one level down;
 * free text is kept clean by never putting a secret into a sentence.
 */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'credential',
  'idempotencyKey',
  'key',
  'password',
  'podToken',
  'secret',
  'token',
  'vaultKey',
  'vault_key',
  'vendorSecret',
])

/** Paths in pino's `redact` grammar. */
export const REDACTED_PATHS: readonly string[] = [...SECRET_FIELDS].flatMap((field) => [field, `*.${field}`])
