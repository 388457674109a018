// docs/reference/policy.md and the custom resource's definition, both from the schema of policy/.
import { stringify } from 'yaml'
import { capPolicySpecOpenApi } from '../../policy/cap-policy.schema.ts'
import { customResourceDefinition } from '../docs/custom-resource.ts'
import { policyReference } from '../docs/policy.ts'
import type { GeneratedFile } from './main.ts'

export default function generatePolicy(): readonly GeneratedFile[] {
  const spec = capPolicySpecOpenApi()
  const definition = customResourceDefinition(spec)
  const kept = {
    ...definition,
    metadata: { ...(definition['metadata'] as object), annotations: { 'helm.sh/resource-policy': 'keep' } },
  }
  return [
    { path: 'docs/reference/policy.md', text: policyReference(spec) },
    {
      path: 'manifests/crd/cappolicies.jobcap.dev.yaml',
      text: yamlOf(definition),
    },
    // A template and not under crds/, so that `helm upgrade` brings the new one; kept on uninstall, with the policies in it.
    { path: 'manifests/chart/templates/cappolicies.jobcap.dev.yaml', text: yamlOf(kept) },
  ]
}

function yamlOf(definition: object): string {
  const text = stringify(definition, { lineWidth: 0, aliasDuplicateObjects: false })
  return `# Generated from policy/cap-policy.schema.ts by \`make fix\`.\n${text}`
}
