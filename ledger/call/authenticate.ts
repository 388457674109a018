import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Caller } from '../../store/store.ts'
import { bearerOf } from '../identity/bearer.ts'
import { POD_CREDENTIAL_PREFIX, type PodCredential } from '../identity/pod-credential.ts'
import { hashVaultKey, VAULT_KEY_PREFIX } from '../identity/vault-key.ts'
import type { Ledger } from '../ledger.ts'

/** Who calls, and what the key alone says about what it may do. Whether the key still lives, `number` judges. */
export interface Authenticated {
  readonly caller: Caller
  readonly policyName: string
  /** The one vendor of a key made by hand; null for a run's. */
  readonly onlyVendor: string | null
  /** Null: all that the policy allows. */
  readonly allowedEndpoints: readonly string[] | null
  readonly needsNamedKeys: boolean
}

export async function authenticate(
  ledger: Ledger,
  authorization: string | undefined,
): Promise<Authenticated | Refusal> {
  const bearer = bearerOf(authorization)
  if (bearer === undefined) return refusal('credential_missing')
  if (bearer.startsWith(POD_CREDENTIAL_PREFIX)) return authenticatePod(ledger, bearer)
  if (bearer.startsWith(VAULT_KEY_PREFIX)) return authenticateKey(ledger, bearer)
  return refusal('credential_invalid')
}

async function authenticatePod(ledger: Ledger, text: string): Promise<Authenticated | Refusal> {
  const credential = ledger.credentials.verify(text)
  if (credential === undefined) return refusal('credential_invalid')
  if (credential.expiresAtMs <= ledger.clock.nowMs()) return refusal('credential_expired')
  const terms = await ledger.runTerms.of(credential.runUid, credential.jobUid)
  // It is ours, so the store has lost the run: a renewal opens it anew.
  if (terms === undefined) return refusal('credential_expired')
  return {
    caller: callerOf(credential),
    policyName: credential.policyName,
    onlyVendor: null,
    allowedEndpoints: terms.allowedEndpoints,
    needsNamedKeys: terms.needsNamedKeys,
  }
}

/** One for all calls under a credential, so that what is made of it need not be made again. */
const callers = new WeakMap<PodCredential, Caller>()

function callerOf(credential: PodCredential): Caller {
  const known = callers.get(credential)
  if (known !== undefined) return known
  const { policyName: _, expiresAtMs: __, ...pod } = credential
  const caller = { keyId: pod.keyId, runUid: pod.runUid, pod }
  callers.set(credential, caller)
  return caller
}

async function authenticateKey(ledger: Ledger, vaultKey: string): Promise<Authenticated | Refusal> {
  const key = await ledger.store.findKeyByHash(hashVaultKey(vaultKey))
  if (key === undefined) return refusal('credential_invalid')
  return {
    caller: { keyId: key.keyId, runUid: key.runUid, pod: null },
    policyName: key.policyName,
    onlyVendor: key.vendor,
    allowedEndpoints: key.allowedEndpoints,
    needsNamedKeys: false,
  }
}
