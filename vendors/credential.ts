import type { SecretPlace } from '../contract/pricing.ts'
import type { Credential } from './costing.ts'

/** The secret at its place. */
export function credentialAt(secret: string, place: SecretPlace): Credential {
  if ('query' in place) return { name: place.query, value: secret, inQuery: true }
  if ('basicUser' in place) {
    const pair = place.basicUser === null ? `${secret}:` : `${place.basicUser}:${secret}`
    return { name: 'authorization', value: `Basic ${Buffer.from(pair).toString('base64')}` }
  }
  const { header, scheme } = place
  return { name: header.toLowerCase(), value: scheme === undefined ? secret : `${scheme} ${secret}` }
}
