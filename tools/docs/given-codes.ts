import ts from 'typescript'

/**
 * The texts that a source passes on: as an argument, a branch of a condition, or the value of a field. A text that is
 * only compared with, listed or named in a type is not passed on.
 */
export function textsGiven(source: string): ReadonlySet<string> {
  const tree = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true)
  const texts = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && isPassedOn(node)) texts.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return texts
}

function isPassedOn(node: ts.StringLiteral): boolean {
  const { parent } = node
  if (ts.isCallExpression(parent)) return parent.arguments.includes(node)
  if (ts.isConditionalExpression(parent)) return parent.condition !== node
  return ts.isPropertyAssignment(parent) && parent.initializer === node
}
