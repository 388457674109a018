// Pages of docs/journeys/ list the steps of functions; this finds them in the sources.
import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** A part of a journey: the heading names a function and its file, the numbered lines below it name its steps. */
export interface Journey {
  readonly page: string
  readonly name: string
  readonly file: string
  readonly steps: readonly string[]
}

const HEADING = /^#{2,3} .*`(\w+)` in `([\w./-]+\.ts)`$/
const STEP = /^\d+\. `(\w+)`/

/** Reads `` ## …: `answerCall` in `ledger/call/journey.ts` `` and the lines `` 1. `authenticate`: … `` below it. */
export function journeysOf(page: string, markdown: string): Journey[] {
  const journeys: (Journey & { readonly steps: string[] })[] = []
  for (const line of markdown.split('\n')) {
    const [, name, file] = HEADING.exec(line) ?? []
    if (name !== undefined && file !== undefined) journeys.push({ page, name, file, steps: [] })
    else if (line.startsWith('#')) journeys.push({ page, name: '', file: '', steps: [] })
    const [, step] = STEP.exec(line) ?? []
    if (step !== undefined) journeys.at(-1)?.steps.push(step)
  }
  return journeys.filter(({ name }) => name !== '')
}

/** What is wrong with a journey; empty when the function makes these calls in this order. */
export function problemsOf({ page, name, file, steps }: Journey): string[] {
  const where = `${page}: \`${name}\` in ${file}`
  const calls = callsIn(readFileSync(file, 'utf8'), name)
  if (calls === undefined) return [`${where}: there is no such function`]
  if (steps.length === 0) return [`${where}: no steps are listed`]
  let from = 0
  for (const step of steps) {
    const at = calls.indexOf(step, from)
    if (at < 0)
      return [`${where}: \`${step}\` is not called there after the step before it; calls: ${calls.join(', ')}`]
    from = at + 1
  }
  return []
}

/** The functions and methods that `name` calls, in the order of the text. Undefined when there is no such function. */
export function callsIn(source: string, name: string): string[] | undefined {
  const tree = ts.createSourceFile('journey.ts', source, ts.ScriptTarget.Latest, true)
  const found = functionNamed(tree, name)
  if (found === undefined) return undefined
  const calls: { readonly name: string; readonly at: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression
      calls.push({ name: callee.getText(tree), at: callee.getStart(tree) })
    }
    ts.forEachChild(node, visit)
  }
  visit(found)
  return calls.sort((left, right) => left.at - right.at).map((call) => call.name)
}

function functionNamed(node: ts.Node, name: string): ts.Node | undefined {
  const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)
  if (isFunction && node.name?.getText() === name) return node
  return ts.forEachChild(node, (child) => functionNamed(child, name))
}
