/** The address of a vendor. A slash at its end says nothing, so it may stand there. */
export const ORIGIN = /^https?:\/\/[^/?#@\s]+\/?$/
/** The same, with a path that stands before each of the vendor's. */
export const PATH_URL = /^https?:\/\/[^/?#@\s]+(\/[A-Za-z0-9._~-]+)*\/?$/

/** As `readPolicy` keeps it. */
export function withoutLastSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}

/** Why `found` is no address, and what to write. It may hold a secret, so no more than scheme and host are repeated. */
export function baseUrlMistake(found: unknown, may: 'origin' | 'path'): string {
  const example = `for example "https://${may === 'origin' ? 'api.stripe.com' : 'llm.example.com/api'}"`
  const text = String(found)
  if (text.includes('@')) {
    return `an address alone, ${example}, since \`secretRef\` names the secret; found an @, as of a user or a password`
  }
  const [, origin, rest = ''] = /^(https?:\/\/[^/?#\s]+)([/?#].*)$/s.exec(text) ?? []
  if (origin === undefined) return `\`https://\` or \`http://\` and a host, ${example}; found another text`
  if (/[?#]/.test(rest)) return `an address without query, ${example}; found a ${rest.includes('?') ? '?' : '#'} in it`
  if (may === 'origin') return `calls bring their path: write \`baseUrl: ${origin}\`; found a path after the host`
  return `a path of letters, digits, dashes, dots, _ and ~ between single slashes, ${example}; found another one`
}
