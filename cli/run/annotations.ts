import {
  ALLOWED_ENDPOINTS_ANNOTATION,
  CAP_USD_ANNOTATION,
  OPT_OUT_ANNOTATION,
  RESTART_POLICY_ANNOTATION,
  RUN_KEY_ANNOTATION,
} from '../../contract/labels.ts'
import { UsageError } from '../faults.ts'

const OURS = 'jobcap.dev/'
/** `--continue` stands for `jobcap.dev/continues`. */
const KNOWN: readonly string[] = [
  CAP_USD_ANNOTATION,
  ALLOWED_ENDPOINTS_ANNOTATION,
  OPT_OUT_ANNOTATION,
  RESTART_POLICY_ANNOTATION,
  RUN_KEY_ANNOTATION,
]

/** `KEY=VALUE` each; a later one wins. A slip in one of ours would leave another cap than was meant, so it is refused. */
export function readAnnotations(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map(readAnnotation))
}

function readAnnotation(pair: string): readonly [key: string, value: string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new UsageError(`--annotate ${pair} must look like ${CAP_USD_ANNOTATION}=500.00`)
  const key = pair.slice(0, at)
  if (key.startsWith(OURS) && !KNOWN.includes(key)) {
    throw new UsageError(`--annotate ${key} is not known; there are ${KNOWN.join(', ')}`)
  }
  return [key, pair.slice(at + 1)]
}
