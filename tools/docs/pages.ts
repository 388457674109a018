// Reads the tree's Markdown pages: their links, anchors and code blocks.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Page {
  /** From the root of the tree. */
  readonly path: string
  readonly text: string
}

export interface CodeBlock {
  /** The word after the opening fence; empty when there is none. */
  readonly language: string
  readonly text: string
}

/** README, CONTRIBUTING, CHANGELOG and everything under docs/. */
export function readPages(): Page[] {
  return [...globSync('*.md'), ...globSync('docs/**/*.md')].sort().map((path) => ({
    path,
    text: readFileSync(path, 'utf8'),
  }))
}

export function codeBlocks({ text }: Page): CodeBlock[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }))
}

/** Links that lead nowhere, one sentence each: a file that is not there, or an anchor that its page does not have. */
export function deadLinks(pages: readonly Page[]): string[] {
  return pages.flatMap((page) =>
    linksOf(page).flatMap((link) => {
      const problem = problemOf(page, link, pages)
      return problem === undefined ? [] : [`${page.path}: (${link}): ${problem}`]
    }),
  )
}

/** Pages that no other page links to. */
export function orphans(pages: readonly Page[], roots: readonly string[]): string[] {
  const targets = new Set(pages.flatMap((page) => linksOf(page).map((link) => resolveLink(page, link).path)))
  return pages.map(({ path }) => path).filter((path) => !roots.includes(path) && !targets.has(path))
}

/** Relative links only: nothing is asked of the network. */
function linksOf({ text }: Page): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?|mailto):/.test(link))
}

function resolveLink(page: Page, link: string): { readonly path: string; readonly anchor: string } {
  const [target = '', anchor = ''] = link.split('#')
  return { path: target === '' ? page.path : normalize(join(dirname(page.path), target)), anchor }
}

function problemOf(page: Page, link: string, pages: readonly Page[]): string | undefined {
  const { path, anchor } = resolveLink(page, link)
  if (!existsSync(path)) return 'there is no such file'
  if (anchor === '') return undefined
  const target = pages.find((other) => other.path === path)
  if (target === undefined) return 'an anchor in something that is not a page'
  return anchorsOf(target).has(anchor) ? undefined : 'the page has no such anchor'
}

/** Headings as GitHub names them, and explicit `<a id="…">`. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const prose = text.replaceAll(/^```.*?^```$/gms, '')
  const headings = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => slug(title))
  const explicit = [...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)
  return new Set([...headings, ...explicit])
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}
