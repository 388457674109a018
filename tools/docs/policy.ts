// The reference page of the policy, from its schema.
import { type JsonSchema, variantsOf } from './json-schema.ts'

const INTRO = `# Policy reference

<!-- Generated from policy/cap-policy.schema.ts by \`make fix\`. -->

A policy says what a run may do and spend. It is one YAML document with \`apiVersion: jobcap.dev/v1alpha1\`,
\`kind: CapPolicy\`, a \`metadata.name\` and a \`spec\`; a file may hold several. A Job names its policy with the label
\`jobcap.dev/policy\`, else its namespace does, else \`default\` applies. An unknown field, a number where dollars are text,
or a cap below zero or above 9007199254.740991 is refused with its line and column, and then nothing of the file is used.

Fields of \`spec\`; those in **bold** must be given.

| field | is | says |
|---|---|---|
`

interface Row {
  readonly path: string
  readonly isRequired: boolean
  readonly schema: JsonSchema
  readonly onlyFor: string
}

export function policyReference(spec: JsonSchema): string {
  const rows = fieldsOf(spec, '', '')
  return INTRO + rows.map(line).join('')
}

function line({ path, isRequired, schema, onlyFor }: Row): string {
  const name = isRequired ? `**\`${path}\`**` : `\`${path}\``
  const text = [onlyFor === '' ? '' : `(${onlyFor}) `, schema.description ?? ''].join('')
  return `| ${name} | ${cell(kindOf(schema))} | ${cell(text)} |\n`
}

function fieldsOf(schema: JsonSchema, prefix: string, onlyFor: string): Row[] {
  const variants = variantsOf(schema)
  if (variants !== undefined) return variantRows(variants, prefix)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    const row = { path, isRequired: schema.required?.includes(name) ?? false, schema: field, onlyFor }
    return [row, ...below(field, path, onlyFor)]
  })
}

function below(field: JsonSchema, path: string, onlyFor: string): Row[] {
  return field.type === 'array' ? fieldsOf(field.items ?? {}, `${path}[]`, onlyFor) : fieldsOf(field, path, onlyFor)
}

/** Fields that all variants share stand once; a field of some variants names them. */
function variantRows(variants: JsonSchema[], prefix: string): Row[] {
  const objects = variants.filter((variant) => variant.properties !== undefined)
  const seen = new Set<string>()
  return objects.flatMap((variant) =>
    fieldsOf(variant, prefix, '').flatMap((row) => {
      const key = `${row.path} ${kindOf(row.schema)} ${row.isRequired}`
      if (seen.has(key) || row.path === `${prefix}.type`) return []
      seen.add(key)
      const holders = objects.filter((other) =>
        fieldsOf(other, prefix, '').some(
          (field) => `${field.path} ${kindOf(field.schema)} ${field.isRequired}` === key,
        ),
      )
      return [{ ...row, onlyFor: holders.length === objects.length ? row.onlyFor : holders.map(nameOf).join(', ') }]
    }),
  )
}

function nameOf(variant: JsonSchema): string {
  const type = variant.properties?.['type']?.enum?.[0]
  return typeof type === 'string' ? `type \`${type}\`` : ''
}

function kindOf(schema: JsonSchema): string {
  const variants = variantsOf(schema)
  if (variants !== undefined) return variants.map(kindOf).join(' or ')
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.type === 'array') return 'list'
  if (schema.type === 'integer') return `integer ${String(schema['minimum'])}–${String(schema['maximum'])}`
  if (schema.type === 'object') return 'map'
  return schema.type === 'string' ? 'text' : (schema.type ?? '')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
