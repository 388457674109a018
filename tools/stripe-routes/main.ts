// What a version of Stripe knows that our table does not: `node tools/stripe-routes/main.ts [SOURCE]`. SOURCE is the folder
// of an installed `stripe` package (default: the one that the tests use) or an OpenAPI description as JSON, for example
// embedded/openapi/spec3.json of the Go module github.com/stripe/stripe-mock. The last line is for machines.
import { ROUTES_OF } from '../../vendors/stripe/money-routes.ts'
import { compareRoutes } from './compare.ts'
import { readSource } from './source.ts'

const source = readSource(process.argv[2] ?? 'node_modules/stripe')
const { unclassified, gone, classes } = compareRoutes(source.routes)
const say = (line: string) => process.stdout.write(`${line}\n`)

say(`${source.version}; our table was read from ${ROUTES_OF.package} (${ROUTES_OF.openapi})`)
for (const [name, count] of classes) say(`  ${String(count).padStart(4)}  ${name}`)
for (const route of unclassified)
  say(`NEW   ${route}: refused until a line under vendors/stripe/routes/ says how its cost is found`)
if (source.isWhole) for (const route of gone) say(`GONE  ${route}: in our table, not in this source`)
const outcome = {
  known: source.routes.length,
  classified: source.routes.length - unclassified.length,
  unclassified: unclassified.length,
  only_ours: gone.length,
}
say(`stripe-routes ${JSON.stringify(outcome)}`)
process.exitCode = unclassified.length === 0 ? 0 : 1
