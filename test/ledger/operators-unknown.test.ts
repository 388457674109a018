import { expect } from 'chai'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { createKubeOperators } from '../../ledger/kubernetes/operators.ts'
import { Refused } from '../../ledger/operator/refused.ts'
import { createLog } from '../../runtime/log.ts'

describe('operators whom the API server cannot be asked about', () => {
  const judged = (create: () => Promise<unknown>) => {
    const operators = createKubeOperators({ create } as unknown as KubeApi, createLog('ledger', 'silent'))
    const access = { verb: 'delete', resource: 'keys', namespace: null } as const
    return operators.judge('token', access).catch((fault: unknown) => fault)
  }

  /** None of them is the operator's mistake. */
  const FAULTS: readonly (readonly [string, KubeFault])[] = [
    ['is away', new KubeFault(0, { message: 'connect ECONNREFUSED' })],
    [
      'has just started and refuses us',
      new KubeFault(403, { message: 'tokenreviews is forbidden', reason: 'Forbidden' }),
    ],
    ['asks us to wait', new KubeFault(429, { reason: 'TooManyRequests' })],
  ]
  for (const [what, fault] of FAULTS) {
    it(`are told to ask again while it ${what}`, async () => {
      const said = await judged(() => Promise.reject(fault))
      expect(said).to.be.instanceOf(Refused)
      expect((said as Refused).refusal).to.deep.include({ code: 'ledger_not_ready' })
      expect((said as Refused).refusal.message).to.match(
        /could not be asked who you are, so nothing was done: ask again/,
      )
    })
  }

  it('are not told so where it does not know them', async () => {
    expect(await judged(() => Promise.resolve({ status: { authenticated: false } }))).to.equal('unknown')
  })
})
