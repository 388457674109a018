import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { LedgerHome, LedgerSources } from '../ledger-home.ts'
import { shellWord } from '../shell.ts'
import type { Finding } from './finding.ts'

/** Group and others, any right. */
const OTHERS = 0o077

/** Folders and keys of the ledger that not only their owner can use. */
export function openPermissions(home: LedgerHome, { secretsFolder }: LedgerSources): Finding[] {
  const folders = [home.stateFolder, home.folder, home.socketFolder, ...(secretsFolder === null ? [] : [secretsFolder])]
  const keys = [home.operatorTokenFile, home.podTokenKeyFile, join(home.folder, 'master-key')]
  return [...folders.flatMap((path) => finding(path, '700')), ...keys.flatMap((path) => finding(path, '600'))]
}

function finding(path: string, mode: '600' | '700'): Finding[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || (found.mode & OTHERS) === 0) return []
  return [{ problem: `${path} is open to others than its owner.`, wayOut: `chmod ${mode} ${shellWord(path)}` }]
}
