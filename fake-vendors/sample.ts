type Schema = Readonly<Record<string, unknown>>

/** A value that a JSON schema asks for: each text is `Wien`, each number 1, each list empty. What cannot be read is null. */
export function sampleOf(schema: unknown): unknown {
  const { type, properties, enum: choices } = (schema ?? {}) as Schema
  if (Array.isArray(choices)) return choices[0]
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return Object.fromEntries(Object.entries((properties ?? {}) as Schema).map(([name, of]) => [name, sampleOf(of)]))
    case 'array':
      return []
    case 'string':
      return 'Wien'
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return true
    default:
      return null
  }
}

/** What the tool of that name is called with. `parametersOf`: where a tool of this vendor keeps its name and its schema. */
export function argumentsFor(
  name: string,
  tools: unknown,
  parametersOf: (tool: Schema) => { readonly name: unknown; readonly schema: unknown },
): string {
  const list: readonly Schema[] = Array.isArray(tools) ? tools : []
  return JSON.stringify(sampleOf(list.map(parametersOf).find((tool) => tool.name === name)?.schema) ?? {})
}

/** In pieces as a model writes them, some of them in the middle of a word. */
export function piecesOf(text: string): string[] {
  return text.match(/.{1,6}/gsu) ?? []
}

/** In pieces, where the format of the output is one of a schema. */
export function piecesFor(
  format: { readonly type?: unknown; readonly schema?: unknown } | undefined,
): string[] | undefined {
  return format?.type === 'json_schema' ? piecesOf(JSON.stringify(sampleOf(format.schema))) : undefined
}
