import { createHmac, timingSafeEqual } from 'node:crypto'
import type { LocalPodToken } from '../contract/workload.ts'

const PREFIX = 'jpt_'
const DOMAIN = 'jobcap local pod token v1'

/** A Pod token where there is no cluster: the facts about a Pod, signed with a key that runner and ledger both read. */
export function signPodToken(token: LocalPodToken, key: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(token)).toString('base64url')
  return `${PREFIX}${payload}.${signature(payload, key).toString('base64url')}`
}

/** The content of a token signed with `key`; undefined for anything else. Audience and expiry are the caller's to check. */
export function verifyPodToken(text: string, key: Uint8Array): LocalPodToken | undefined {
  if (!text.startsWith(PREFIX)) return undefined
  const [payload = '', given = ''] = text.slice(PREFIX.length).split('.')
  const wanted = signature(payload, key)
  const actual = Buffer.from(given, 'base64url')
  if (actual.length !== wanted.length || !timingSafeEqual(actual, wanted)) return undefined
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as LocalPodToken
}

function signature(payload: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(DOMAIN).update('\0').update(payload).digest()
}
