import { auditCommand } from './audit.ts'
import { resolveCallCommand } from './calls/resolve.ts'
import { openCapsCommand } from './caps/open.ts'
import type { Command } from './command.ts'
import { completionCommand } from './completion/command.ts'
import { doctorCommand } from './doctor/command.ts'
import { explainCommand } from './explain/command.ts'
import { createKeyCommand } from './keys/create.ts'
import { listKeysCommand } from './keys/list.ts'
import { raiseKeyCommand } from './keys/raise.ts'
import { revokeKeyCommand } from './keys/revoke.ts'
import { ledgerCommand } from './ledger.ts'
import { runCommand } from './run/command.ts'
import { versionCommand } from './version.ts'

/** Every command of `jobcap`. */
export const COMMANDS: readonly Command[] = [
  runCommand,
  explainCommand,
  ledgerCommand,
  listKeysCommand,
  createKeyCommand,
  revokeKeyCommand,
  raiseKeyCommand,
  auditCommand,
  doctorCommand,
  resolveCallCommand,
  openCapsCommand,
  versionCommand,
  completionCommand(() => COMMANDS),
]
