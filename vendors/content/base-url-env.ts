/** The variable by which SDKs take the address of the vendor of this name: `openai` → `OPENAI_BASE_URL`. */
export function baseUrlEnvOf(name: string): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_BASE_URL`
}
