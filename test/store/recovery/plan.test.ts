import { expect } from 'chai'
import { asHistoryId } from '../../../contract/ids.ts'
import { type OwnState, planOf } from '../../../store/recovery/plan.ts'
import type { RegistryState } from '../../../store/recovery/registry.ts'

const OLD = asHistoryId('old')
const NEXT = asHistoryId('next')
const OWN: OwnState = { replicaId: 'a', historyId: OLD, droppedSegment: 0, isCopy: false, wasPutBack: false }
const card = (replicaId: string, droppedSegment = 0) => ({ replicaId, historyId: OLD, droppedSegment })
const behind = (replicaId: string) => ({ ...card(replicaId), historyId: asHistoryId('older') })
const WHOLE: RegistryState = {
  historyId: OLD,
  witness: { written: 'run 1', now: 'run 1' },
  strays: [],
  recovery: null,
  replicas: [card('a'), card('b')],
  left: [],
  givenUp: [],
}
const RESTARTED: RegistryState = { ...WHOLE, witness: { written: 'run 1', now: 'run 2' } }
const BEGUN = { next: NEXT, witness: 'run 2', handedOver: ['a'] }
const HANDED: RegistryState = { ...RESTARTED, recovery: BEGUN }

describe('what is to be done next with a store', () => {
  const CASES: readonly (readonly [string, RegistryState, Partial<OwnState>, string])[] = [
    ['nothing is lost', WHOLE, {}, 'serve'],
    ['others went on without us', { ...WHOLE, historyId: NEXT }, {}, 'catch_up'],
    ['it was restarted', RESTARTED, {}, 'begin'],
    ['a policy is under the history of another recovery', { ...WHOLE, strays: [NEXT] }, {}, 'begin'],
    ['somebody began', { ...HANDED, recovery: { ...BEGUN, handedOver: [] } }, {}, 'hand_over'],
    ['somebody began before another restart', { ...HANDED, witness: { written: 'run 1', now: 'run 3' } }, {}, 'begin'],
    ['another journal is missing', HANDED, {}, 'wait'],
    ['the store lost that its replica served', { ...HANDED, replicas: [card('a'), behind('b')] }, {}, 'wait'],
    ['that journal was given up', { ...HANDED, replicas: [card('a')], givenUp: ['b'] }, {}, 'finish'],
    ['its replica had signed off', { ...HANDED, replicas: [card('a')] }, {}, 'finish'],
    ['its data were put back under a server that runs', WHOLE, { wasPutBack: true }, 'begin'],
    ['others have made it whole since', { ...WHOLE, historyId: NEXT }, { wasPutBack: true }, 'catch_up'],
    ['what was put back does not know that a segment went', WHOLE, { wasPutBack: true, droppedSegment: 1 }, 'too_old'],
    ['it is empty', { ...WHOLE, historyId: null }, {}, 'empty'],
    ['another went on with a copy of our journal', WHOLE, { isCopy: true }, 'copy'],
    ['it may have lost something, and so may our copy', RESTARTED, { isCopy: true }, 'copy'],
    ['it does not know that a segment went', RESTARTED, { droppedSegment: 1 }, 'too_old'],
    ['a person goes on with what is left', { ...RESTARTED, givenUp: ['a'] }, { droppedSegment: 1 }, 'begin'],
  ]
  for (const [story, state, own, expected] of CASES) {
    it(`${story}: ${expected}`, () => expect(planOf(state, { ...OWN, ...own }).kind).to.equal(expected))
  }
})
