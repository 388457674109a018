import type { OpenRecoverable, OpenStore } from './stage.ts'
import { suiteOfWhatIsAsked } from './suite/asked.ts'
import { suiteOfDeclines } from './suite/declines.ts'
import { suiteOfInterleavings } from './suite/interleavings.ts'
import { suiteOfLookUps } from './suite/look-ups.ts'
import { suiteOfMerge } from './suite/merge.ts'
import { suiteOfMergeIntoRecords } from './suite/merge-into-records.ts'
import { suiteOfMergedStanding } from './suite/merge-standing.ts'
import { suiteOfMoney } from './suite/money.ts'
import { suiteOfNumbering } from './suite/numbering.ts'
import { suiteOfParallelCalls } from './suite/parallel.ts'
import { suiteOfTheRecord } from './suite/record.ts'
import { suiteOfRetention } from './suite/retention.ts'
import { suiteOfRunEnds } from './suite/run-ends.ts'
import { suiteOfRunKeys } from './suite/run-keys.ts'
import { suiteOfRuns } from './suite/runs.ts'

/** What every engine must do alike. `open` gives a fresh, empty store. */
export function describeStore(name: string, open: OpenStore): void {
  describe(`the ${name} store`, () => {
    describe('numbers calls', () => suiteOfNumbering(open))
    describe('holds the money', () => suiteOfMoney(open))
    describe('lets calls for tokens run in parallel', () => suiteOfParallelCalls(open))
    describe('runs declined calls again', () => suiteOfDeclines(open))
    describe('settles what was looked up', () => suiteOfLookUps(open))
    describe('serves two callers', () => suiteOfInterleavings(open))
    describe('lets records go', () => suiteOfRetention(open))
    describe('answers operators', () => suiteOfWhatIsAsked(open))
    describe('keeps runs and keys', () => suiteOfRuns(open))
    describe('continues and ends runs', () => suiteOfRunEnds(open))
    describe('keeps the record', () => suiteOfTheRecord(open))
    describe('makes one run of all Jobs with one run key', () => suiteOfRunKeys(open))
  })
}

/** What an engine must do that can lose its last steps. */
export function describeMerging(name: string, open: OpenRecoverable): void {
  describe(`the ${name} store takes up what a journal says`, () => suiteOfMerge(open))
  describe(`the ${name} store adds what a journal says to what it has`, () => suiteOfMergeIntoRecords(open))
  describe(`the ${name} store takes up who may spend what`, () => suiteOfMergedStanding(open))
}
