/** Most vendors that speak this protocol do so under `/v1`, some without it. */
export function withoutVersion(path: string): string {
  return path.replace(/^\/v1(?=\/)/, '')
}
