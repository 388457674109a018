// The definition of the custom resource `CapPolicy`. Kubernetes wants a structural schema: every field stands outside
// oneOf and anyOf, and objects with named fields close themselves (unknown fields are pruned, or refused by strict
// validation). So variants are merged into one object, and a CEL rule says which fields go with which `type`.
import { DNS_LABEL } from '../../policy/vendor-fields.schema.ts'
import { type JsonSchema, variantsOf } from './json-schema.ts'

const text = (description: string): JsonSchema => ({ type: 'string', description })

/** Written by the manager, read by people. */
const STATUS: JsonSchema = {
  type: 'object',
  description: 'What the manager says of the policy.',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64', description: 'Generation of the spec that this is about.' },
    day: text('The UTC day of the sums.'),
    spentTodayUsd: text('Spent under this policy on that day.'),
    reservedTodayUsd: text('Held for calls in flight or in doubt.'),
    problems: { type: 'array', description: 'What keeps calls from passing.', items: { type: 'string' } },
    conditions: {
      type: 'array',
      description: 'Whether calls pass under the policy, and why not, for programs that wait for it.',
      items: {
        type: 'object',
        required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
        properties: {
          type: text('`Ready`: calls under this policy can pass.'),
          status: { ...text('`Unknown` while the ledger does not say.'), enum: ['True', 'False', 'Unknown'] },
          observedGeneration: {
            type: 'integer',
            format: 'int64',
            description: 'Generation of the spec that this is about.',
          },
          lastTransitionTime: { ...text('When `status` changed last.'), format: 'date-time' },
          reason: text('One word: `InUse`, `SpecInvalid`, `SecretMissing`, `RouteUnpriced`, `LedgerUnreachable`.'),
          message: text('What is wrong and what to change.'),
        },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
  },
}

const COLUMNS = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: 'Per run $', type: 'string', jsonPath: '.spec.caps.perRunUsd.default' },
  { name: 'Per day $', type: 'string', jsonPath: '.spec.caps.perDayUsd' },
  { name: 'Spent today $', type: 'string', jsonPath: '.status.spentTodayUsd' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

/** What the schema of policy/ says in code, once more for the API server, by the path in the spec. */
const RULES: Readonly<Record<string, JsonSchema>> = {
  'caps.perRunUsd': {
    'x-kubernetes-validations': [
      { rule: '!has(self.max) || double(self.max) >= double(self.default)', message: '`max` is below `default`' },
    ],
  },
  vendors: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
}

export function customResourceDefinition(spec: JsonSchema): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'cappolicies.jobcap.dev' },
    spec: {
      group: 'jobcap.dev',
      scope: 'Cluster',
      names: { kind: 'CapPolicy', listKind: 'CapPolicyList', plural: 'cappolicies', singular: 'cappolicy' },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'What a run may do and spend.',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: {
                  type: 'object',
                  properties: { name: { type: 'string', maxLength: 63, pattern: DNS_LABEL.source } },
                },
                spec: structural(spec, []),
                status: STATUS,
              },
            },
          },
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
        },
      ],
    },
  }
}

function structural(schema: JsonSchema, path: readonly string[]): JsonSchema {
  const variants = variantsOf(schema)
  if (variants !== undefined) return mergedVariants(schema, variants, path)
  const { properties, items, additionalProperties, propertyNames: _, ...rest } = schema
  const result: JsonSchema = { ...rest, ...RULES[path.join('.')] }
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, structural(field, [...path, name])]),
    )
  } else if (typeof additionalProperties === 'object') {
    result.additionalProperties = structural(additionalProperties, [...path, '*'])
  }
  if (items !== undefined) result.items = structural(items, [...path, '*'])
  return result
}

function mergedVariants(schema: JsonSchema, variants: JsonSchema[], path: readonly string[]): JsonSchema {
  const objects = variants.filter((variant) => variant.properties !== undefined)
  // A word or an object, as in `idempotency`: no structural type fits both, so the ledger's schema alone judges it.
  if (objects.length < variants.length) return { ...described(schema), 'x-kubernetes-preserve-unknown-fields': true }
  const properties: Record<string, JsonSchema> = {}
  for (const variant of objects) {
    for (const [name, field] of Object.entries(variant.properties ?? {})) {
      properties[name] ??= structural(field, [...path, name])
    }
  }
  properties['type'] = {
    type: 'string',
    enum: objects.flatMap(({ properties: fields }) => fields?.['type']?.enum ?? []),
  }
  const required = Object.keys(properties).filter((name) =>
    objects.every((variant) => variant.required?.includes(name)),
  )
  // A CEL rule may name only fields that have a type.
  const others = Object.keys(properties).filter(
    (name) => !required.includes(name) && properties[name]?.['x-kubernetes-preserve-unknown-fields'] !== true,
  )
  return {
    ...described(schema),
    type: 'object',
    properties,
    required,
    'x-kubernetes-validations': objects.flatMap((variant) => fieldRules(variant, others)),
  }
}

function fieldRules(variant: JsonSchema, names: string[]): { rule: string; message: string }[] {
  const type = String(variant.properties?.['type']?.enum?.[0])
  return names.flatMap((name) => {
    const isKnown = variant.properties?.[name] !== undefined
    const isRequired = variant.required?.includes(name) ?? false
    if (isKnown && !isRequired) return []
    return [
      {
        rule: `self.type != '${type}' || ${isRequired ? '' : '!'}has(self.${name})`,
        message: `type ${type} ${isRequired ? 'needs' : 'has no field'} ${name}`,
      },
    ]
  })
}

function described({ description }: JsonSchema): JsonSchema {
  return description === undefined ? {} : { description }
}
