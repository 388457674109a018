import { expect } from 'chai'
import { accessOf } from '../../ledger/operator/access.ts'
import { inMemory, Stage } from '../store/stage.ts'

describe('what an operator wants, in the words of RBAC on jobcap.dev', () => {
  let stage: Stage
  /** Of a run in namespace billing, and of a key made by hand. */
  const names: Record<string, string> = {}
  before(async () => {
    stage = await Stage.open(inMemory)
    const answer = await stage.exchange('a')
    if (answer.status !== 'ADMITTED') throw new Error(answer.status)
    names['RUN'] = answer.run.runUid
    names['KEY'] = answer.key.keyId
  })

  for (const [method, path, expected] of [
    ['GET', '/runs', 'list runs, all namespaces'],
    ['GET', '/runs?namespace=team', 'list runs, team'],
    ['GET', '/runs/RUN', 'get runs, billing'],
    ['GET', '/runs/unknown', 'get runs, all namespaces'],
    ['POST', '/runs/RUN/jobs/job-1/ended', 'update runs, billing'],
    ['GET', '/vault/keys', 'list keys, all namespaces'],
    ['POST', '/vault/keys', 'create keys, all namespaces'],
    ['PATCH', '/vault/keys/KEY', 'update keys, billing'],
    ['DELETE', '/vault/keys/KEY', 'delete keys, billing'],
    ['DELETE', '/vault/keys/unknown', 'delete keys, all namespaces'],
    ['POST', '/calls/call_1/resolve', 'update calls, all namespaces'],
    ['POST', '/caps/open', 'create caps, all namespaces'],
    ['POST', '/journals/r1/given-up', 'update journals, all namespaces'],
    ['GET', '/audit', 'list audit, all namespaces'],
    ['GET', '/audit?run=RUN', 'list audit, billing'],
    ['GET', '/policies', 'list cappolicies, all namespaces'],
    ['POST', '/stripe/v1/charges', 'no route of operators'],
  ] as const) {
    it(`${method} ${path}: ${expected}`, async () => {
      const asked = new URL(
        path.replace(/RUN|KEY/, (name) => names[name] ?? ''),
        'http://ledger',
      )
      const access = await accessOf(stage.store, { method, path: asked.pathname, query: asked.searchParams })
      const said =
        access === undefined
          ? 'no route of operators'
          : `${access.verb} ${access.resource}, ${access.namespace ?? 'all namespaces'}`
      expect(said).to.equal(expected)
    })
  }
})
