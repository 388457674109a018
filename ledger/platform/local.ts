import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsPair } from '../../runtime/http-server.ts'
import { readOrCreateKeyFile } from '../../runtime/key-file.ts'
import type { Random } from '../../runtime/random.ts'
import type { LedgerConfig } from '../config.ts'
import type { Doors } from '../doors.ts'
import { createLocalWorkloads } from '../identity/local-workloads.ts'
import { createTokenOperators } from '../operator/operators.ts'
import { readOperatorToken } from '../operator/token.ts'
import { createPolicyFileSource } from '../policies/policy-file-source.ts'
import { createSecretFiles } from '../secrets/secret-files.ts'
import type { MasterKey, Platform } from './platform.ts'

/** One machine: policies, secrets and certificates are files, Pods carry tokens that the runner signed. */
export async function localPlatform(config: LedgerConfig, doors: Doors): Promise<Platform> {
  const { stateFolder, policyFile } = config
  const { clock, random, environment, log } = doors
  if (policyFile === null) throw new Error('policy: without a cluster a policy file is needed')
  return {
    policies: createPolicyFileSource(policyFile, log),
    secrets: createSecretFiles(config.secretsFolder, environment, clock),
    workloads: createLocalWorkloads({
      tokenKey: readOrCreateKeyFile(config.podTokenKeyFile, random),
      endedPodsFile: join(stateFolder, 'ended-pods'),
      clock,
    }),
    operators: createTokenOperators(readOperatorToken(stateFolder, random)),
    masterKey: () => Promise.resolve(masterKeyFile(stateFolder, random)),
    tls: readTls(config),
    onNewCertificate: () => {},
    stop: () => {},
  }
}

/** In the state folder. A file is not asked whether it was used: a person says `--initialise`. */
export function masterKeyFile(stateFolder: string, random: Random): MasterKey {
  const key = readOrCreateKeyFile(join(stateFolder, 'master-key'), random)
  return { key, isUnused: false, markUsed: () => Promise.resolve() }
}

function readTls({ tls }: LedgerConfig): TlsPair | null {
  if (tls === null) return null
  return { certPem: readFileSync(tls.certFile, 'utf8'), keyPem: readFileSync(tls.keyFile, 'utf8') }
}
