import { expect } from 'chai'
import { type Ask, ask, gist } from './call.ts'
import type { LedgerProcess } from './rig.ts'

/** A request and the refusal it must get. `says`: what the message must name. */
export interface Row {
  readonly name: string
  readonly gets: string
  readonly says?: RegExp
  readonly ask: () => Ask | Promise<Ask>
}

/** One test a row: status and code as named, in the one body that every SDK parses. */
export function refusesEach(ledger: () => LedgerProcess, rows: readonly Row[]): void {
  for (const row of rows) {
    it(`${row.gets}: ${row.name}`, async () => {
      const told = await ask(ledger().address, await row.ask())
      expect(gist(told), told.text).to.equal(row.gets)
      const body = JSON.parse(told.text)
      expect(body.error).to.include({ code: body.code, message: body.message })
      expect(told.headers['x-should-retry']).to.equal(told.headers['stripe-should-retry'])
      if (row.says !== undefined) expect(body.message).to.match(row.says)
    })
  }
}
