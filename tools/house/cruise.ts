import { cruise, type ICruiseResult, type IViolation } from 'dependency-cruiser'
import { roomRuleSet } from './room-rules.ts'

/** What in the tree under `baseDir` breaks the table of rooms; type imports count. */
export async function roomViolations(baseDir: string): Promise<readonly IViolation[]> {
  const { output } = await cruise(['.'], {
    baseDir,
    validate: true,
    ruleSet: roomRuleSet,
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(node_modules|\\.tools|dist|manifests)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'node', 'types'],
    },
  })
  return (output as ICruiseResult).summary.violations
}

/** One violation in one line. */
export function describeViolation({ rule, from, to, cycle }: IViolation): string {
  const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' → ')
  return `${rule.name}: ${from} → ${path}`
}
