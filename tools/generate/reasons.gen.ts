// docs/reference/admission-reasons.md, from the catalogue in webhook/.
import { REASONS } from '../../webhook/reasons.ts'
import { reasonsPage } from '../docs/reasons.ts'
import type { GeneratedFile } from './main.ts'

export default function generateReasons(): readonly GeneratedFile[] {
  return [{ path: 'docs/reference/admission-reasons.md', text: reasonsPage(REASONS) }]
}
