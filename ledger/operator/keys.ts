import { Router } from 'express'
import { asKeyId } from '../../contract/ids.ts'
import { DEFAULT_POLICY } from '../../contract/labels.ts'
import { parseKeyChange, parseNewKey } from '../../contract/operators.schema.ts'
import type { NewKeyRequest, NewKeyView, RevokedKeyView } from '../../contract/operators.ts'
import { quoted } from '../../contract/quoted.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { KEYS_ROUTE } from '../../contract/routes.ts'
import { isEndpointCovered } from '../../policy/endpoints.ts'
import { parseExpiry } from '../../policy/expiry.ts'
import type { Policy, Vendor } from '../../policy/policy.ts'
import { vendorOf } from '../../policy/terms.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { CreateKeyRequest } from '../../store/store.ts'
import { newVaultKey } from '../identity/vault-key.ts'
import type { Ledger } from '../ledger.ts'
import { parseJsonNumbersAsText } from './number-text.ts'
import { found, must, Refused } from './refused.ts'
import { keyView } from './views.ts'

/** Vault keys: made by hand, listed, changed, revoked. */
export function keyRoutes(ledger: Ledger): Router {
  const { store, log } = ledger
  const router = Router()

  router.post(KEYS_ROUTE, async (request, response) => {
    const asked = must(parseNewKey(parseJsonNumbersAsText(String(request.body))))
    const { keyId, vaultKey, hash } = newVaultKey(ledger.random)
    const key = await store.createKey({ keyId, hash, ...judgeNewKey(ledger, asked) })
    log.info({ keyId, vendor: key.vendor, label: key.label }, 'vault key created')
    const view: NewKeyView = { ...(await keyView(ledger, key)), vault_key: vaultKey }
    response.status(201).json(view)
  })

  router.get(KEYS_ROUTE, async (request, response) => {
    const { label } = request.query
    const keys = await store.listKeys(typeof label === 'string' ? { label } : {})
    response.json({ keys: await fewAtOnce(keys, (key) => keyView(ledger, key)) })
  })

  router.get(`${KEYS_ROUTE}/:keyId`, async (request, response) => {
    response.json(await keyView(ledger, found(await store.findKey(asKeyId(request.params.keyId)), 'key_unknown')))
  })

  router.patch(`${KEYS_ROUTE}/:keyId`, async (request, response) => {
    const { usdCap, dailyUsdCap } = must(parseKeyChange(parseJsonNumbersAsText(String(request.body))))
    const key = await store.setLimits(asKeyId(request.params.keyId), {
      ...(usdCap === undefined ? {} : { capUsdMicros: usdCap }),
      ...(dailyUsdCap === undefined ? {} : { dailyCapUsdMicros: dailyUsdCap }),
    })
    response.json(await keyView(ledger, found(key, 'key_unknown')))
  })

  router.delete(`${KEYS_ROUTE}/:keyId`, async (request, response) => {
    const { key, inFlight } = found(await store.revokeKey(asKeyId(request.params.keyId)), 'key_unknown')
    log.warn({ keyId: key.keyId, inFlight: inFlight.length }, 'vault key revoked')
    const view: RevokedKeyView = {
      ...(await keyView(ledger, key)),
      in_flight: inFlight.map(({ callId, sent }) => ({ call_id: callId, sent })),
    }
    response.json(view)
  })
  return router
}

/** What the policy says about a key made by hand: it may name a policy, a vendor of it, and endpoints within. */
function judgeNewKey(ledger: Ledger, asked: NewKeyRequest): Omit<CreateKeyRequest, 'keyId' | 'hash'> {
  const policyName = asked.policy ?? DEFAULT_POLICY
  const policy = ledger.policies.named(policyName)
  if (policy === undefined) throw new Refused(refusal('policy_missing', `There is no policy \`${policyName}\`.`))
  const vendor = vendorOf(policy, asked.vendor)
  if ('code' in vendor) throw new Refused(vendor)
  const refused = judgeEndpoints(asked.allowedEndpoints ?? [], vendor)
  if (refused !== undefined) throw new Refused(refused)
  return {
    vendor: vendor.name,
    policyName,
    label: asked.label ?? null,
    expiresAtMs: ledger.clock.nowMs() + expiryMs(asked, policy),
    limits: limitsOf(asked, policy),
    allowedEndpoints: asked.allowedEndpoints ?? null,
  }
}

/** A key without any cap would defeat the purpose, so the policy's default for a run stands in. */
function limitsOf({ usdCap, dailyUsdCap }: NewKeyRequest, policy: Policy): CreateKeyRequest['limits'] {
  if (usdCap === undefined && dailyUsdCap === undefined) {
    return { capUsdMicros: policy.caps.perRunDefaultUsdMicros, dailyCapUsdMicros: null }
  }
  return { capUsdMicros: usdCap ?? null, dailyCapUsdMicros: dailyUsdCap ?? null }
}

function expiryMs({ expiresIn }: NewKeyRequest, policy: Policy): number {
  if (expiresIn === undefined) return policy.expiresInMs
  const ms = parseExpiry(expiresIn)
  if (ms === undefined) {
    throw new Refused(
      refusal(
        'request_malformed',
        `expires_in: ${quoted(expiresIn)} is not a duration such as "24h", from 1m to 366d.`,
      ),
    )
  }
  return ms
}

function judgeEndpoints(asked: readonly string[], vendor: Vendor): Refusal | undefined {
  const outside = asked.find((one) => !vendor.allowedEndpoints.some((pattern) => isEndpointCovered(one, pattern)))
  if (outside === undefined) return undefined
  const allowed = vendor.allowedEndpoints.join(', ')
  return refusal(
    'endpoint_not_allowed',
    `allowed_endpoints: ${quoted(outside)} is not within what the policy allows: ${allowed}.`,
  )
}
