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
import { repairCommand } from './repair.ts'
import { runCommand } from './run/command.ts'
import { listRunsCommand } from './runs/list.ts'
import { raiseRunCommand } from './runs/raise.ts'
import { revokeRunCommand } from './runs/revoke.ts'
import { showRunCommand } from './runs/show.ts'
import { versionCommand } from './version.ts'

/** Every command of `jobcap`. */
export const COMMANDS: readonly Command[] = [
  runCommand,
  explainCommand,
  ledgerCommand,
  repairCommand,
  listKeysCommand,
  createKeyCommand,
  revokeKeyCommand,
  raiseKeyCommand,
  listRunsCommand,
  showRunCommand,
  raiseRunCommand,
  revokeRunCommand,
  auditCommand,
  doctorCommand,
  resolveCallCommand,
  openCapsCommand,
  versionCommand,
  completionCommand(() => COMMANDS),
]
