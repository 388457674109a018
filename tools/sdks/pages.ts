import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tableCell } from '../docs/table.ts'
import type { Ran } from './act.ts'
import type { Sdk, SdkCase, Told, VendorSdks } from './case.ts'
import { VENDORS } from './sdks.ts'

const ROOT = join(import.meta.dirname, '../..')
const INDEX = 'docs/reference/sdks.md'

const NOTE = '<!-- Written by `make sdks UPDATE=1` from what the programs saw. Do not edit. -->'

interface Page {
  /** From the root of the tree. */
  readonly path: string
  readonly text: string
}

/** Of vendors of which every case was run with every SDK. A sentence for each page that is not what this run would write. */
export function stalePages(ran: readonly Ran[]): string[] {
  return pagesOf(ran)
    .filter(({ path, text }) => !existsSync(join(ROOT, path)) || readFileSync(join(ROOT, path), 'utf8') !== text)
    .map(({ path }) => `${path} is not what this run saw`)
}

export function writePages(ran: readonly Ran[]): void {
  for (const { path, text } of pagesOf(ran)) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), text)
  }
}

/** An index, and the page of each vendor that was tried with every SDK and every case. */
export function pagesOf(ran: readonly Ran[]): Page[] {
  const vendors = VENDORS.toSorted((left, right) => (left.vendor < right.vendor ? -1 : 1))
  const rows = vendors.flatMap((of) =>
    byName(of).map(([name, sdks]) => [`[${of.vendor}](sdks/${of.vendor}.md)`, name, versionsOf(sdks)]),
  )
  const index = `# The vendors' own SDKs

${NOTE}

Every SDK below is the official package, unchanged and at exactly this version, run through a real sidecar and a real
ledger against the fake vendors. \`make sdks\` runs it all again and fails when these pages are not what it saw. How to
point each one at the proxy, and which exception the app sees, stands on its vendor's page.

${table(['vendor', 'SDK', 'versions'], rows)}
`
  return [
    { path: INDEX, text: index },
    ...vendors
      .map((of) => ({ of, here: ran.filter((one) => one.of === of) }))
      .filter(({ of, here }) => here.length === casesOf(of))
      .map(({ of, here }) => vendorPage(of, here)),
  ]
}

/** With all of its SDKs. */
function casesOf({ sdks, cases }: VendorSdks): number {
  return sdks.reduce((sum, sdk) => sum + cases.filter(({ only }) => only?.(sdk) ?? true).length, 0)
}

function vendorPage(of: VendorSdks, ran: readonly Ran[]): Page {
  const tried = of.cases
    .filter(({ id }) => ran.some(({ one }) => one.id === id))
    .map(({ id, title }) => [
      `\`${id}\``,
      title,
      onlyWith(
        of,
        ran.filter(({ one }) => one.id === id),
      ),
    ])
  const text = `# ${of.vendor}: its own SDKs

${NOTE}

${byName(of)
  .map(([name, sdks]) => `${name} ${versionsOf(sdks)}`)
  .join(' · ')}. All of them: [SDKs](../sdks.md).

## How to point it at the proxy

${table(['SDK', 'by', 'in the app'], pointing(of))}

## What the app sees

${table(['when', 'SDK', 'exception · status · code'], seen(of, ran))}

## What is tried

${table(['case', 'promise', 'only with'], tried)}
`
  return { path: `docs/reference/sdks/${of.vendor}.md`, text }
}

/** A row for each SDK and way; versions that are pointed by the same line share it. */
function pointing(of: VendorSdks): string[][] {
  return byName(of).flatMap(([, sdks]) => {
    const ways = [...new Map(sdks.flatMap((sdk) => Object.entries(sdk.pointing)).map(([way, line]) => [line, way]))]
    return ways.map(([line, way]) => {
      const same = sdks.filter(({ pointing: lines }) => Object.values(lines).includes(line))
      return [named(of, same), way, `\`${line}\``]
    })
  })
}

/** A row for each case that shows something and each SDK; versions that see the same share it. */
function seen(of: VendorSdks, ran: readonly Ran[]): string[][] {
  const shown = of.cases.filter((one): one is SdkCase & { shows: string } => one.shows !== undefined)
  return shown.flatMap(({ id, shows }) =>
    byName(of).flatMap(([, sdks]) => {
      const byText = Map.groupBy(
        ran.filter(({ one, sdk }) => one.id === id && sdks.includes(sdk)),
        ({ result }) => exceptionText(result.told),
      )
      return [...byText].map(([text, same]) => {
        const which = sdks.filter((sdk) => same.some((one) => one.sdk === sdk))
        return [shows, named(of, which), text]
      })
    }),
  )
}

/** The last call that failed. */
function exceptionText(told: readonly Told[]): string {
  const failed = told.findLast(({ ok }) => !ok)
  if (failed === undefined || failed.ok) return 'no exception'
  const { class: name, status, code } = failed.error
  return `\`${name}\` · ${status ?? '–'} · ${code === null ? '–' : `\`${code}\``}`
}

/** Empty when every SDK of the vendor was tried. */
function onlyWith(of: VendorSdks, ran: readonly Ran[]): string {
  const tried = of.sdks.filter((sdk) => ran.some((one) => one.sdk === sdk))
  return tried.length === of.sdks.length ? '' : named(of, tried)
}

/** With their versions where an SDK is not among them in all of its versions. */
function named(of: VendorSdks, some: readonly Sdk[]): string {
  const names = byName(of).flatMap(([name, all]) => {
    const here = all.filter((sdk) => some.includes(sdk))
    if (here.length === 0) return []
    return here.length === all.length ? name : `${name} ${versionsOf(here)}`
  })
  return names.join(', ')
}

function byName({ sdks }: VendorSdks): [name: string, sdks: Sdk[]][] {
  return [...Map.groupBy(sdks, ({ name }) => name)]
}

const versionsOf = (sdks: readonly Sdk[]) => sdks.map(({ version }) => version).join(', ')

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(tableCell).join(' | ')} |`
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.map(line)].join('\n')
}
