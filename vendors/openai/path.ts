/**
 * Azure has the same routes in three places: under `/openai/deployments/NAME`, where the path names what is asked, under
 * `/openai` and, as its newest, under `/openai/v1` (openai-node 6.49, `azure.js`; openai-python 2.54, `lib/azure.py`).
 */
const AZURE = /^\/openai(?:\/v1|\/deployments\/([^/]+))?(?=\/)/

export interface AzurePath {
  /** As OpenAI has it. */
  readonly path: string
  /** Undefined: the body names it. */
  readonly deployment: string | undefined
}

/** Undefined for every path that is none of Azure's. */
export function azurePath(path: string): AzurePath | undefined {
  const found = AZURE.exec(path)
  return found === null ? undefined : { path: path.slice(found[0].length), deployment: found[1] }
}

const ASTRAY = /^(?:\/v1)?(?=\/deployments\/)/

/** The path of Azure's that stands behind an address of OpenAI's own; undefined where none does. */
export function pathAstray(path: string): string | undefined {
  return ASTRAY.test(path) ? path.replace(ASTRAY, '/openai') : undefined
}

/** Without what `groq-sdk` (Node 1.6, Python 1.7) puts behind an address that holds the version; undefined where it has put nothing. */
export function pathBrought(path: string): string | undefined {
  return path.startsWith('/v1/openai/v1/') ? path.slice('/v1/openai'.length) : undefined
}

/** Most vendors that speak this protocol do so under `/v1`, some without it. */
export function withoutVersion(path: string): string {
  return path.replace(/^\/v1(?=\/)/, '')
}
