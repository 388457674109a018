import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Vendor } from '../../policy/policy.ts'
import type { Environment } from '../../runtime/environment.ts'
import { readPolicies, readSource } from '../files.ts'
import type { LedgerSources } from '../ledger-home.ts'
import type { Finding } from './finding.ts'

/** Vendors whose secret the ledger would not find. Throws `BadInput` when the policy file cannot be read. */
export function secretFindings({ policyFile, secretsFolder }: LedgerSources, environment: Environment): Finding[] {
  const policies = readPolicies([readSource(policyFile)])
  return policies.flatMap((policy) =>
    policy.vendors.flatMap((vendor) => {
      const about = `The secret of vendor ${vendor.name} of policy ${policy.name}`
      return secretFinding(vendor, { about, secretsFolder, environment })
    }),
  )
}

function secretFinding(
  { secretRef: { name, key } }: Vendor,
  at: { readonly about: string; readonly secretsFolder: string | null; readonly environment: Environment },
): Finding[] {
  const { about, secretsFolder, environment } = at
  const files = secretsFolder === null ? [] : [join(secretsFolder, name, key), join(secretsFolder, `${name}.${key}`)]
  const states = files.map((file) => ({ file, state: stateOf(file) }))
  const unreadable = states.find(({ state }) => state === 'unreadable')
  if (states.some(({ state }) => state === 'there')) return []
  const variable = `JOBCAP_SECRET_${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_')
  if ((environment[variable] ?? '') !== '') return []
  if (unreadable !== undefined) {
    return [{ problem: `${about} cannot be read: ${unreadable.file}.`, wayOut: 'Let the ledger’s user read the file.' }]
  }
  const file = files[0] ?? `the file ${name}/${key} of a folder that --secrets names`
  const places = [file, `the variable ${variable} of the ledger's environment`]
  return [{ problem: `${about} is not there.`, wayOut: `Put it into ${places.join(', or into ')}.` }]
}

function stateOf(file: string): 'there' | 'missing' | 'unreadable' {
  try {
    return readFileSync(file, 'utf8').trim() === '' ? 'missing' : 'there'
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable'
  }
}
