/**
 * The one list of field names whose values never reach a log. Pino censors them at the top and one level down;
 * free text is kept clean by never putting a secret into a sentence.
 */
const SECRET_FIELDS = [
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
] as const

/** Paths in pino's `redact` grammar. */
export const REDACTED_PATHS: readonly string[] = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`])
