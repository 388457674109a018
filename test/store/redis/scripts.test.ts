import { expect } from 'chai'
import { luaOf, type Script } from '../../../store/redis/script.ts'
import * as KEYS_SCRIPTS from '../../../store/redis/scripts/keys.ts'
import * as MERGE_SCRIPTS from '../../../store/redis/scripts/merge.ts'
import * as MERGE_STANDING_SCRIPTS from '../../../store/redis/scripts/merge-standing.ts'
import * as NOW_SCRIPTS from '../../../store/redis/scripts/now.ts'
import * as NUMBER_SCRIPTS from '../../../store/redis/scripts/number.ts'
import * as PRUNE_SCRIPTS from '../../../store/redis/scripts/prune.ts'
import * as QUICK_SCRIPTS from '../../../store/redis/scripts/quick.ts'
import * as READ_SCRIPTS from '../../../store/redis/scripts/reads.ts'
import * as REPAIR_SCRIPTS from '../../../store/redis/scripts/repair.ts'
import * as RUN_SCRIPTS from '../../../store/redis/scripts/runs.ts'
import * as SENDING_SCRIPTS from '../../../store/redis/scripts/sending.ts'
import type * as S from '../../../store/store.ts'

const FILES = [
  KEYS_SCRIPTS,
  MERGE_SCRIPTS,
  MERGE_STANDING_SCRIPTS,
  NOW_SCRIPTS,
  NUMBER_SCRIPTS,
  PRUNE_SCRIPTS,
  QUICK_SCRIPTS,
  READ_SCRIPTS,
  REPAIR_SCRIPTS,
  RUN_SCRIPTS,
  SENDING_SCRIPTS,
]
const SCRIPTS: readonly Script[] = FILES.flatMap((file) => Object.values(file) as readonly Script[])

/** Every status of a TypeScript union, once; the compiler asks for each. */
const UNIONS: Readonly<Record<string, readonly string[]>> = {
  jobcapNumber: Object.keys({
    NEW_HISTORY: 0,
    REFUSED: 0,
    NOT_SENT: 0,
    REPLAY: 0,
    JOIN: 0,
    IN_DOUBT: 0,
    WAIT: 0,
    SEND: 0,
  } satisfies Record<S.NumberAnswer['status'], 0>),
  jobcapReport: [
    'NEW_HISTORY',
    'UNKNOWN_CALL',
    ...Object.keys({ settled: 0, released: 0, in_doubt: 0, noted: 0 } satisfies Record<S.ReportAnswer['status'], 0>),
  ],
  jobcapRepair: [
    'NEW_HISTORY',
    'UNKNOWN_CALL',
    ...Object.keys({ RESOLVED: 0, LIVE: 0, SEND: 0, HELD: 0 } satisfies Record<S.RepairAnswer['status'], 0>),
  ],
  jobcapMarkSent: ['NEW_HISTORY', 'UNKNOWN_CALL', 'refused', 'marked'],
  jobcapPrune: ['NEW_HISTORY', 'pruned', 'kept', 'more'],
}

const mentions = (body: string, name: string) => new RegExp(`\\b${name}\\b`).test(body)

describe('the scripts', () => {
  it('have names of their own', () => {
    expect(new Set(SCRIPTS.map(({ name }) => name)).size).to.equal(SCRIPTS.length)
    expect(SCRIPTS.length).to.be.greaterThan(15)
  })

  for (const script of SCRIPTS) {
    describe(script.name, () => {
      const { keys, args, statuses, body } = script

      it('says in its first lines every key and argument, what each is, and what it answers', () => {
        const lines = luaOf(script).split('\n')
        expect(lines[0]).to.equal(`-- ${script.name}: ${script.purpose}`)
        for (const [at, key] of keys.entries()) expect(lines[at + 1]).to.equal(`-- KEYS[${at + 1}] ${key}`)
        for (const [arg, meaning] of Object.entries(args)) {
          expect(
            lines.some((line) => line.startsWith('-- ARGV[') && line.endsWith(` ${arg}: ${meaning}`)),
            arg,
          ).to.equal(true)
          expect(meaning, arg).not.to.equal('')
        }
      })

      it('uses what it names, by its name', () => {
        for (const name of [...keys, ...Object.keys(args)]) expect(mentions(body, name), name).to.equal(true)
        expect(body).not.to.match(/\b(KEYS|ARGV)\[/)
      })

      it('answers each status that its header names', () => {
        for (const status of statuses) expect(body, status).to.contain(`'${status}'`)
      })

      it('prints no number by itself that may be large', () => {
        expect(body).not.to.match(/tostring\(|cjson\.encode\(\d/)
      })

      const union = UNIONS[script.name]
      if (union !== undefined) {
        it('has the statuses of the TypeScript union', () => {
          expect(['NEW_HISTORY', ...statuses]).to.have.members([...union])
        })
      }
    })
  }
})
