import { skip } from '../../tools/test/skip.ts'
import type { Engine } from '../path/engine.ts'
import { World } from '../path/world.ts'
import type { Chapter, Rows } from './row.ts'
import { LEDGER_CHAPTER } from './rows/ledger.ts'
import { RUN_CHAPTER } from './rows/run.ts'
import { SIDECAR_CHAPTER } from './rows/sidecar.ts'
import { STORE_CHAPTER } from './rows/store.ts'
import { VENDOR_CHAPTER } from './rows/vendor.ts'

const CHAPTERS: readonly Chapter[] = [SIDECAR_CHAPTER, LEDGER_CHAPTER, STORE_CHAPTER, VENDOR_CHAPTER, RUN_CHAPTER]

/** Every row that has tests. */
export const ROWS: Rows = Object.fromEntries(CHAPTERS.flatMap(({ rows }) => Object.entries(rows)))

/** The failure matrix with real processes over one kind of store: each row is a chapter of tests of its name. `whyNot`: it cannot run here. */
export function describeMatrix(engine: Engine, whyNot?: string): void {
  for (const chapter of CHAPTERS) {
    describe(`failure matrix on ${engine.name}: ${chapter.about}`, function () {
      this.timeout(90_000)
      let world: World | undefined
      before(async function () {
        if (whyNot !== undefined) skip(this, whyNot)
        world = await World.over(engine, ...chapter.flags)
      })
      afterEach(() => world?.endTest())
      after(() => world?.stop())
      const stage = {
        engine: engine.name,
        get world() {
          if (world === undefined) throw new Error('asked for before it was started')
          return world
        },
      }
      for (const [row, tests] of Object.entries(chapter.rows)) describe(row, () => tests(stage))
    })
  }
}
