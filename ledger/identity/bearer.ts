const PLAIN = 'Bearer '

/**
 * The key in an Authorization header: Bearer, or Basic as `curl -u` and some SDKs send it, with the key as the user
 * name. Undefined when there is none.
 */
export function bearerOf(authorization: string | undefined): string | undefined {
  // As a sidecar writes it, on every call: a search for blanks is a tenth of the whole pattern's cost.
  if (authorization?.startsWith(PLAIN) === true && !/\s/.test(authorization.slice(PLAIN.length))) {
    return authorization.slice(PLAIN.length) || undefined
  }
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (value === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  const [user = ''] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return user === '' ? undefined : user
}
