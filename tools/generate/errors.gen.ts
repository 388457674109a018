// docs/errors.md, from the catalogue of refusals in contract/.
import { REFUSALS } from '../../contract/refusals.ts'
import { errorsPage } from '../docs/errors.ts'
import type { GeneratedFile } from './main.ts'

export default function generateErrors(): readonly GeneratedFile[] {
  return [{ path: 'docs/errors.md', text: errorsPage(REFUSALS) }]
}
