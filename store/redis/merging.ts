import type { CallRow, JournalledCall, JournalledStanding } from '../store.ts'
import { callMarkOf, runTagOf, shortDigest, shortScope } from './layout.ts'
import { fixedOfKey, type RestOfCall } from './rows.ts'

/** The accounts of a policy: `policy/NAME/DAY`, and `policy/NAME/vendor/VENDOR/DAY` and the like. */
const POLICY_DAY = /^policy\/([^/]+)\/(?:.+\/)?([0-9]{4}-[0-9]{2}-[0-9]{2})$/

export function policyOf({ accounts }: CallRow): string | undefined {
  return accounts.map((account) => POLICY_DAY.exec(account)?.[1]).find((name) => name !== undefined)
}

/** What the script of a merge is told: the texts of the record as they were, and what the journal adds. */
export function mergeArguments({ row, token, limits, epoch, open, closed, answer }: JournalledCall) {
  const { callId, vendor, route, account, digest, core, n, namedKey, vendorKey } = row
  const day = row.accounts.map((name) => POLICY_DAY.exec(name)?.[2]).find((each) => each !== undefined) ?? ''
  const ofPolicy = row.accounts.filter((name) => name.startsWith('policy/')).map((name) => name.slice(0, -day.length))
  const limitOf = (name: string) => limits.find(({ level }) => level === name)?.limitUsdMicros ?? null
  return {
    callId,
    actor: actorOfRow(row),
    told: JSON.stringify({ callId, vendor, route, digest, n, namedKey, vendorKey }),
    rest: JSON.stringify({ account, core } satisfies RestOfCall),
    scope: shortScope(row.scope, row.runUid),
    digest: shortDigest(digest),
    vendor,
    walk: row.podUid === null ? '' : `${row.podUid}/${row.life ?? 1}`,
    day,
    policyAccounts: ofPolicy.join('\t'),
    gen: row.gen,
    rowEpoch: epoch,
    sends: row.sends,
    amount: row.reservedUsdMicros,
    firstMs: row.firstSentAtMs ?? '-',
    windowMs: row.repeat.kind === 'idempotent' ? row.repeat.windowMs : row.repeat.kind,
    saved: row.isFailureSaved ? '1' : '0',
    object: row.object === null ? '-' : `=${row.object}`,
    createdMs: row.createdAtMs,
    order: row.createdOrder,
    n: n ?? '-',
    named: namedKey === null ? null : JSON.stringify([vendor, account, namedKey]),
    core: core === null ? null : shortDigest(core),
    token,
    opened: open.length === 0 ? '-' : open.join(','),
    closed: closed.join(','),
    // A class of money with a cap of its own counts in that one alone.
    policyLimit: limitOf('policy_class_day') ?? limitOf('policy_day'),
    vendorLimit: limitOf('policy_vendor_day'),
    namespaceLimit: limitOf('policy_namespace_day'),
    sealedRequest: row.sealedRequest ?? Buffer.alloc(0),
    ...answerArguments(answer),
  }
}

function answerArguments(answer: JournalledCall['answer']) {
  const marked = (object: string | null | undefined) => (typeof object === 'string' ? `=${object}` : null)
  return {
    hasAnswer: answer !== null,
    status: answer?.status ?? null,
    sealed: answer?.sealedAnswer ?? null,
    effect: answer?.hasEffect === true ? '1' : '0',
    total: answer?.totalUsdMicros ?? 0,
    answerObject: marked(answer?.object),
    objectJson: JSON.stringify(answer?.object ?? null),
    givesBack: marked(answer?.givesBack),
    givesBackJson: JSON.stringify(answer?.givesBack ?? null),
  }
}

/** As the scripts write it: up to the label, which the store adds. */
function actorOfRow({ keyId, runUid, jobUid, podUid, podName, index, namespace }: CallRow): string {
  return `${JSON.stringify({ keyId, runUid, jobUid, podUid, podName, index, namespace }).slice(0, -1)},"label":`
}

/** What the script is told of a key and its run. */
export function standingArguments({ key, run }: JournalledStanding) {
  const { keyId, runUid, policyName } = key
  const runTag = runTagOf(runUid)
  return {
    runTag,
    runMark: callMarkOf({ policyName, runTag }),
    version: key.version,
    keyId,
    runUid,
    hash: key.hash,
    label: JSON.stringify(key.label),
    keyFixed: fixedOfKey(key),
    status: key.status,
    createdMs: key.createdAtMs,
    endedMs: key.endedAtMs,
    expiresMs: key.expiresAtMs,
    endpoints: JSON.stringify(key.allowedEndpoints),
    cap: key.capUsdMicros,
    dayCap: key.dailyCapUsdMicros,
    byPerson: key.limitsSetByPerson ? '1' : '0',
    persons: JSON.stringify(key.personsLimits),
    retention: key.retention,
    jobsOfRun: run === null ? null : JSON.stringify(run.jobs),
    namespace: run === null ? null : JSON.stringify(run.namespace),
    policyName,
    mode: run?.completionMode ?? null,
    completions: run?.completions ?? null,
    terms: run === null ? null : JSON.stringify(run.terms),
    needsNamed: run?.terms.needsNamedKeys ?? null,
    sidecar: run === null ? null : JSON.stringify(run.sidecar),
    digestVersion: run?.sidecar.digestVersion ?? null,
    openedMs: run?.openedAtMs ?? null,
    final: run?.isFinal === true ? '1' : '0',
  }
}
