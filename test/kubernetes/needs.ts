import type { Context } from 'mocha'
import { isBuilt, missingPrograms } from '../../tools/cluster/control-plane.ts'
import { skip } from '../../tools/test/skip.ts'

/** A test of a control plane, or of one program alone, is skipped where these are not built. */
export function needsControlPlane(test: Context, ...others: readonly string[]): void {
  needs(test, missingPrograms(...others))
}

export function needsProgram(test: Context, program: string): void {
  needs(test, isBuilt(program) ? [] : [program])
}

function needs(test: Context, missing: readonly string[]): void {
  if (missing.length > 0)
    skip(test, `needs ${missing.join(', ')}: run tools/cluster/build.sh once (Go, about 20 minutes)`)
}
