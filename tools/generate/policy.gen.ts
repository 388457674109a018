// docs/reference/policy.md and the custom resource's definition, both from the schema of policy/.
import { stringify } from 'yaml'
import { capPolicySpecOpenApi } from '../../policy/cap-policy.schema.ts'
import { customResourceDefinition } from '../docs/custom-resource.ts'
import { policyReference } from '../docs/policy.ts'
import type { GeneratedFile } from './main.ts'

export default function generatePolicy(): readonly GeneratedFile[] {
  const spec = capPolicySpecOpenApi()
  return [
    { path: 'docs/reference/policy.md', text: policyReference(spec) },
    {
      path: 'manifests/crd/cappolicies.jobcap.dev.yaml',
      text: `# Generated from policy/cap-policy.schema.ts by \`make fix\`.\n${stringify(customResourceDefinition(spec), { lineWidth: 0, aliasDuplicateObjects: false })}`,
    },
  ]
}
