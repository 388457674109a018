/**
 * The key in an Authorization header: Bearer, or Basic as `curl -u` and some SDKs send it, with the key as the user
 * name. Undefined when there is none.
 */
export function bearerOf(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (value === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  const [user = ''] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return user === '' ? undefined : user
}
