import { expect } from 'chai'
import type { RuleName } from '../../store/rules/rulebook.ts'
import { rulebookWithout } from '../../store/rules/rulebook.ts'
import { inMemory, Stage } from './stage.ts'
import { allOrders } from './suite/interleavings.ts'

/** A rule, and two operations of which some order breaks a promise without it. */
const NOTICED: readonly (readonly [RuleName, string, string])[] = [
  ['cap_run', 'reserve', 'lower'],
  ['cap_run_day', 'reserve', 'reserve'],
  ['release_only_when_closed', 'release', 'takeover in vain'],
  ['release_only_when_closed', 'doubt', 'takeover in vain'],
  ['mark_key_active', 'mark', 'revoke'],
  ['mark_reserved_only', 'mark', 'mark'],
  ['revoked_not_repaired', 'takeover', 'revoke'],
  ['key_status', 'reserve', 'revoke'],
  ['settle_any_epoch', 'settle', 'takeover'],
  ['takeover_new_epoch', 'repeat', 'takeover'],
  ['join_live', 'repeat', 'repeat'],
  ['reserve_new_epoch', 'release', 'repeat'],
  ['reserve_opens_send', 'release', 'takeover in vain'],
]

describe('two callers in every order', () => {
  for (const [rule, x, y] of NOTICED) {
    it(`${x} and ${y} notice that ${rule} is left out`, async () => {
      const stage = await Stage.open(inMemory, rulebookWithout(rule))
      const fault = await allOrders(stage, x, y).catch((thrown: unknown) => thrown)
      await stage.store.close()
      expect(fault).to.be.instanceOf(Error)
    })
  }
})
