import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect } from 'chai'
import { describeViolation, roomViolations } from '../../tools/house/cruise.ts'
import { PACKAGE_DOORS, ROOMS } from '../../tools/house/rooms.ts'

/** The rules that an import in `from` of `to` breaks, in a tree of only these two files. */
async function broken(from: string, to: string, how = 'import'): Promise<string[]> {
  const isPackage = !to.includes('.ts')
  const specifier = isPackage ? to : `${'../'.repeat(from.split('/').length - 1)}${to}`
  return brokenBy({ ...(isPackage ? {} : { [to]: 'export type Thing = number\n' }), [from]: `${how} '${specifier}'\n` })
}

async function brokenBy(files: Record<string, string>): Promise<string[]> {
  const tree = mkdtempSync(join(tmpdir(), 'jobcap-rooms-'))
  try {
    symlinkSync(resolve('node_modules'), join(tree, 'node_modules'))
    for (const [path, text] of Object.entries({ 'package.json': PACKAGE_JSON, ...files })) {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), text)
    }
    return [...new Set((await roomViolations(tree)).map((violation) => violation.rule.name))]
  } finally {
    rmSync(tree, { recursive: true })
  }
}

const PACKAGE_JSON = JSON.stringify({
  type: 'module',
  dependencies: { 'better-sqlite3': '*', express: '*', 'http-proxy': '*', pino: '*', undici: '*', zod: '*' },
  devDependencies: { chai: '*' },
})

/** Who imports whom, and the rule that refuses it; `-` where it is allowed. */
const IMPORTS = `
  policy/schema.ts          contract/money.ts             -
  contract/money.ts         policy/schema.ts              room-contract
  contract/money.ts         node:fs                       pure
  contract/digest.ts        node:crypto                   -
  store/rules/reserve.ts    node:fs                       pure
  store/sqlite/open.ts      node:fs                       -
  webhook/plan.ts           node:http                     pure
  store/sqlite/open.ts      vendors/stripe/cost.ts        room-store
  sidecar/proxy/main.ts     contract/call.ts              -
  sidecar/proxy/main.ts     contract/call.schema.ts       room-sidecar
  sidecar/proxy/main.ts     vendors/stripe/identity.ts    -
  sidecar/proxy/main.ts     vendors/stripe/cost.ts        room-sidecar
  sidecar/proxy/main.ts     ledger/client.ts              room-sidecar
  vendors/x/identity.ts     vendors/x/cost.ts             identity-knows-no-prices
  vendors/x/identity.ts     vendors/costing.ts            identity-knows-no-prices
  vendors/x/cost.ts         vendors/x/identity.ts         -
  webhook/server.ts         vendors/stripe/app.ts         -
  webhook/server.ts         vendors/stripe/cost.ts        room-webhook
  webhook/server.ts         ledger/client.ts              -
  webhook/server.ts         ledger/keys.ts                room-webhook
  ledger/main.ts            store/sqlite/open.ts          -
  ledger/main.ts            sidecar/proxy/main.ts         room-ledger
  controller/main.ts        webhook/server.ts             -
  controller/main.ts        webhook/patch.ts              room-controller
  local/run.ts              webhook/plan.ts               -
  local/run.ts              ledger/client.ts              room-local
  cli/main.ts               local/run.ts                  -
  cli/main.ts               ledger/main.ts                room-cli
  archive/export.ts         store/sqlite/open.ts          room-archive
  kube/pods.ts              certs/rotate.ts               room-kube
  certs/rotate.ts           kube/pods.ts                  -
  certs/rotate.ts           store/sqlite/open.ts          room-certs
  policy/terms.ts           vendors/x/cost.ts             room-policy
  runtime/log.ts            policy/schema.ts              room-runtime
  vendors/x/cost.ts         runtime/clock.ts              room-vendors
  fake-vendors/stripe.ts    runtime/log.ts                -
  fake-vendors/stripe.ts    runtime/redaction.ts          room-fake-vendors
  fake-vendors/stripe.ts    contract/money.ts             room-fake-vendors
  ledger/main.ts            test/ledger/made.ts           room-ledger
  cli/main.ts               tools/house/rooms.ts          room-cli
  test/cli/run.test.ts      ledger/main.ts                -
  ledger/main.ts            chai                          ships
`

const DOORS = `
  store/sqlite/open.ts            better-sqlite3  -
  ledger/keys.ts                  better-sqlite3  door-better-sqlite3
  ledger/operator/server.ts       express         -
  ledger/calls.ts                 express         door-express
  sidecar/proxy/passthrough.ts    http-proxy      -
  sidecar/proxy/relay.ts          http-proxy      door-http-proxy
  runtime/log.ts                  pino            -
  ledger/main.ts                  pino            door-pino
  ledger/vendor-client/send.ts    undici          -
  ledger/calls.ts                 undici          door-undici
  policy/policy.schema.ts         zod             -
  ledger/config.ts                zod             -
  policy/terms.ts                 zod             door-zod
  sidecar/proxy/config.ts         zod             door-zod
`

function rows(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
}

describe('the table of rooms', function () {
  this.timeout(240_000)

  it('holds for every import of the tree, types included', async () => {
    expect((await roomViolations(process.cwd())).map(describeViolation)).to.deep.equal([])
  })

  for (const [from = '', to = '', rule = ''] of [...rows(IMPORTS), ...rows(DOORS)]) {
    it(`${rule === '-' ? 'allows' : 'refuses'} ${from} → ${to}`, async () => {
      expect(await broken(from, to)).to.deep.equal(rule === '-' ? [] : [rule])
    })
  }

  it('counts an import of a type only', async () => {
    expect(await broken('store/a.ts', 'vendors/b.ts', 'import type { Thing } from')).to.deep.equal(['room-store'])
  })

  it('refuses an import that leads nowhere', async () => {
    expect(await brokenBy({ 'runtime/a.ts': "import './b.ts'\n" })).to.deep.equal(['resolves'])
  })

  it('refuses a cycle, even one of types', async () => {
    const cycle = {
      'runtime/a.ts': "import type { B } from './b.ts'\n",
      'runtime/b.ts': "import type { A } from './a.ts'\n",
    }
    expect(await brokenBy(cycle)).to.deep.equal(['no-cycle'])
  })

  it('has an example that breaks it for every room and for every door of a package in use', () => {
    const rules = [...rows(IMPORTS), ...rows(DOORS)].map(([, , rule]) => rule)
    const later = ['@kubernetes/client-node', 'ioredis', 'prom-client'].map((name) => `door-${name}`)
    const wanted = [
      ...Object.keys(ROOMS).map((name) => `room-${name}`),
      ...Object.keys(PACKAGE_DOORS).map((name) => `door-${name}`),
    ]
    expect(wanted.filter((rule) => !rules.includes(rule) && !later.includes(rule))).to.deep.equal([])
  })
})
