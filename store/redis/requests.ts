import type { SeenFact } from '../../contract/call.ts'
import type { CallId } from '../../contract/ids.ts'
import { classDayAccount } from '../rules/accounts.ts'
import { attemptOf, podOf, scopeOf } from '../rules/caller.ts'
import { isParallel } from '../rules/claims.ts'
import { vendorKeyOf } from '../rules/vendor-key.ts'
import type {
  Caller,
  FoundAnswer,
  HandTo,
  NumberRequest,
  Price,
  ReadRequest,
  RefusedCall,
  SendOutcome,
  SendReport,
} from '../store.ts'
import { shortDigest, shortScope } from './layout.ts'
import type { RestOfCall } from './rows.ts'

/** What a script is told of a request: texts that go into events as they are, and what the rules ask about. */
export function numberArguments(request: NumberRequest, callId: CallId) {
  const { caller, claims, identity, policy, endpoint, price, repeat, send, vendor } = request
  const { pod } = caller
  const { key, core, digest, account, route } = identity
  const sidecar = claims === null || pod === null ? null : claims
  return {
    keyId: caller.keyId,
    callId,
    actor: actorText(caller),
    toldHead: toldHead(request, callId),
    toldTail: `,"namedKey":${key?.kind === 'named' ? JSON.stringify(key.value) : 'null'},"vendorKey":`,
    vendorKey: inJson(vendorKeyHead(request)),
    refusedCall: refusedCallText({ vendor, route, digest }),
    rest: JSON.stringify({ account, core } satisfies RestOfCall),
    scope: shortScope(scopeOf(caller), caller.runUid),
    digest: shortDigest(digest),
    fullDigest: digest,
    core: core === null ? null : shortDigest(core),
    k: sidecar === null ? null : fenceOf(request),
    keyKind: key?.kind ?? null,
    keyValue: key?.kind === 'named' ? namedField(vendor, account, key.value) : (key?.value ?? null),
    attempt: sidecar === null || pod === null ? null : attemptOf(pod, pod.life),
    walk: pod === null ? null : attemptOf(pod, pod.life),
    podUid: pod?.podUid ?? null,
    jobUid: pod?.jobUid ?? null,
    isQueue: pod !== null && pod.index === null,
    boot: sidecar?.ord.boot ?? 0,
    seq: sidecar?.ord.seq ?? 0,
    intactSinceBoot: sidecar?.delivery.intactSinceBoot ?? null,
    delivering: `,${(sidecar?.delivery.delivering ?? []).join(',')},`,
    saysDiverged: sidecar?.saysDiverged ?? false,
    divergingReplay: policy.divergingReplay,
    ambiguousRepeat: policy.ambiguousRepeat,
    endpointCode: endpoint?.code ?? null,
    endpointRefusal: endpoint === null ? null : `=${JSON.stringify(endpoint)}`,
    total: price.totalUsdMicros,
    object: marked(price.object),
    rates: ratesText(price),
    vendor,
    windowMs: repeat.kind === 'idempotent' ? repeat.windowMs : repeat.kind,
    isParallel: isParallel(identity),
    openOrds: `,${(sidecar?.open ?? []).map((ord) => `${ord.boot}.${ord.seq},`).join('')}`,
    nonce: send.nonce,
    leaseMs: send.leaseMs,
    sealedRequest: request.sealedRequest,
    ...accountArguments(request),
    facts: sidecar === null ? null : factsText(sidecar.seen),
  }
}

/** Up to the day. A class of money with a cap of its own has one account, in the place of the policy's. */
function accountArguments({ caller: { pod }, limits, policyName, price: { moneyClass }, vendor }: NumberRequest) {
  const limitOf = (name: string) => limits.find(({ level }) => level === name)?.limitUsdMicros ?? null
  const ofPolicy = `policy/${policyName}/`
  const none = { vendorLimit: null, namespaceLimit: null, vendorAccount: null, namespaceAccount: null }
  if (moneyClass !== undefined) {
    const policyAccount = classDayAccount(policyName, { vendor, moneyClass }, '')
    return { ...none, policyLimit: limitOf('policy_class_day'), policyAccount }
  }
  return {
    policyLimit: limitOf('policy_day'),
    vendorLimit: limitOf('policy_vendor_day'),
    namespaceLimit: limitOf('policy_namespace_day'),
    policyAccount: ofPolicy,
    vendorAccount: `${ofPolicy}vendor/${vendor}/`,
    namespaceAccount: pod === null ? null : `${ofPolicy}namespace/${pod.namespace}/`,
  }
}

export function reportArguments({ callId, epoch, gen, nonce, outcome, handTo }: SendReport) {
  return {
    callId,
    epoch,
    gen,
    nonce,
    outcome: outcome.kind,
    ...definiteArguments(outcome),
    handAttempt: handTo === null ? null : attemptOf(handTo.caller, handTo.caller.life),
    handTo: handTo === null ? null : handText(handTo),
  }
}

/** Boot of the sidecar that an answer is written to, and the token that it is handed to. */
export function handText({ boot, token }: HandTo): string {
  return `${boot}${token === null ? '' : ` =${token}`}`
}

function definiteArguments(outcome: SendOutcome) {
  const none = {
    status: null,
    sealed: null,
    effect: null,
    total: 0,
    object: null,
    objectJson: null,
    givesBack: null,
    givesBackJson: null,
    unexpected: false,
    refusal: null,
    reason: null,
    candidates: null,
    isSaved: false,
  }
  switch (outcome.kind) {
    case 'definite': {
      const { status, sealedAnswer, hasEffect, totalUsdMicros, object, givesBack, isUnexpectedReplay } = outcome.answer
      return {
        ...none,
        status,
        sealed: sealedAnswer,
        effect: hasEffect ? '1' : '0',
        total: totalUsdMicros,
        object: marked(object),
        objectJson: JSON.stringify(object),
        givesBack: marked(givesBack),
        givesBackJson: JSON.stringify(givesBack),
        unexpected: isUnexpectedReplay,
      }
    }
    case 'not_sent': {
      const { refusal, sealedAnswer, reason } = outcome.notSent
      return { ...none, sealed: sealedAnswer, refusal: JSON.stringify(refusal), reason: JSON.stringify(reason) }
    }
    case 'unknown':
      return { ...none, reason: JSON.stringify(outcome.reason), isSaved: outcome.isSaved }
    case 'found':
      return { ...none, candidates: Buffer.concat(outcome.candidates.map(candidateBytes)) }
  }
}

/** One after the other, each with its lengths before it: a sealed answer may hold any byte. */
function candidateBytes({ status, hasEffect, totalUsdMicros, object, sealedAnswer }: FoundAnswer): Buffer {
  const parts = [Buffer.from(object), Buffer.from(JSON.stringify(object)), sealedAnswer ?? Buffer.alloc(0)]
  const lengths = parts.map(({ length }) => length).join(' ')
  return Buffer.concat([Buffer.from(`${status} ${hasEffect ? 1 : 0} ${totalUsdMicros} ${lengths}\n`), ...parts])
}

export function readArguments({ caller, vendor, identity, endpoint }: ReadRequest, callId: CallId) {
  const { route, digest, account } = identity
  const { pod } = caller
  const walk = pod === null ? '' : attemptOf(pod, pod.life)
  const told = { callId, vendor, route, digest, n: null, namedKey: null, vendorKey: null }
  return {
    keyId: caller.keyId,
    jobUid: pod?.jobUid ?? null,
    callId,
    actor: actorText(caller),
    told: JSON.stringify(told),
    refusedCall: refusedCallText({ vendor, route, digest }),
    place: `${shortScope(scopeOf(caller), caller.runUid)}\t${shortDigest(digest)}\t${vendor}\t${walk}\t`,
    rest: JSON.stringify({ account, core: null } satisfies RestOfCall),
    endpointCode: endpoint?.code ?? null,
  }
}

/** Of callers that ask again and again. */
const known = new WeakMap<Caller, string>()

/** JSON of an actor, up to the label, which the store adds. */
export function actorText(caller: Caller): string {
  const earlier = known.get(caller)
  if (earlier !== undefined) return earlier
  const { keyId, runUid } = caller
  const text = `${JSON.stringify({ keyId, runUid, ...podOf(caller) }).slice(0, -1)},"label":`
  known.set(caller, text)
  return text
}

export function refusedCallText({ vendor, route, digest }: Pick<RefusedCall, 'vendor' | 'route' | 'digest'>): string {
  return JSON.stringify({ vendor, route, digest }).slice(1, -1)
}

/** Life, digest, n, token. A token is a header's value, so it holds neither tab nor line end. */
export function factsText(facts: readonly SeenFact[]): string {
  return facts
    .map(
      ({ life, digest, n, token }) => `${life}\t${shortDigest(digest)}\t${n}\t${token === null ? '' : `=${token}`}\n`,
    )
    .join('')
}

export function fenceOf({ vendor, identity: { key, core, digest, account } }: NumberRequest): string {
  return key?.kind === 'named' ? `key:${namedField(vendor, account, key.value)}` : shortDigest(core ?? digest)
}

const namedField = (vendor: string, account: string, key: string) => JSON.stringify([vendor, account, key])

/** A numbered call's up to its n, which the script decides. */
export function vendorKeyHead({ caller, identity }: NumberRequest): string {
  const key = vendorKeyOf(caller, identity, { n: 0, gen: 0 })
  return identity.key?.kind === 'named' ? key : key.slice(0, -1)
}

/** JSON of a call, up to its n. */
export function toldHead({ vendor, identity: { route, digest } }: NumberRequest, callId: CallId): string {
  return `{"callId":"${callId}","vendor":${JSON.stringify(vendor)},"route":${JSON.stringify(route)},"digest":"${digest}","n":`
}

/** What the event adds where a currency table made dollars of the amount. */
export function ratesText({ ratesHash }: Price): string | null {
  return ratesHash === undefined ? null : `,"ratesHash":${JSON.stringify(ratesHash)}`
}

/** Without quotes. */
const inJson = (text: string) => JSON.stringify(text).slice(1, -1)

export const marked = (object: string | null) => (object === null ? null : `=${object}`)
