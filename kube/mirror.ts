import type { Log } from '../runtime/log.ts'
import type { Timers } from '../runtime/timers.ts'
import { type KubeApi, KubeFault } from './api.ts'
import { readPage, withQuery } from './list.ts'
import type { KubeList, KubeObject, Status } from './objects.ts'

/** The server ends each watch after this; it is then taken up again where it was. */
const WATCH_FOR_S = 290
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 30_000

export interface MirrorOptions<Kind extends KubeObject, Row> {
  /** Path of the list, `/api/v1/namespaces`; its query, if any, selects. */
  readonly path: string
  /** What is kept of an object; undefined: nothing. */
  pick(object: Kind): Row | undefined
  /** After each change of a row. `row` undefined: the object is gone, or is kept no more. */
  onChange?(change: Change<Row>): void
}

export interface Change<Row> {
  /** `namespace/name`, or `name`. */
  readonly key: string
  readonly row: Row | undefined
  readonly before: Row | undefined
}

/** A list of the API server's, kept up to date in memory. */
export interface Mirror<Row> {
  /** Resolves when the list has been read once. */
  readonly isThere: Promise<void>
  get(key: string): Row | undefined
  rows(): readonly Row[]
  stop(): void
}

export interface KubeDoors {
  readonly kube: KubeApi
  readonly timers: Timers
  readonly log: Log
}

interface WatchEvent<Kind> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: Kind | Status
}

/**
 * Lists, then watches from there; after a lost connection from where it was; after 410 (what it had seen is forgotten
 * by the server) it lists anew and tells what was missed. Never gives up.
 */
export function mirror<Kind extends KubeObject, Row>(doors: KubeDoors, options: MirrorOptions<Kind, Row>): Mirror<Row> {
  const kept = new WatchedList(doors, options)
  void kept.keep()
  return kept
}

class WatchedList<Kind extends KubeObject, Row> implements Mirror<Row> {
  readonly isThere: Promise<void>
  readonly #doors: KubeDoors
  readonly #options: MirrorOptions<Kind, Row>
  readonly #rows = new Map<string, Row>()
  readonly #stopping = new AbortController()
  readonly #there: () => void
  /** Up to where the server's changes are known; undefined: from the list on. */
  #at: string | undefined

  constructor(doors: KubeDoors, options: MirrorOptions<Kind, Row>) {
    this.#doors = doors
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.isThere = promise
    this.#there = resolve
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()]
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Never rejects; resolves once it is stopped. */
  async keep(): Promise<void> {
    const { timers, log } = this.#doors
    const { signal } = this.#stopping
    let waitMs = FIRST_WAIT_MS
    while (!signal.aborted) {
      try {
        if (this.#at === undefined) await this.#list()
        await this.#watch()
        waitMs = FIRST_WAIT_MS
      } catch (fault) {
        if (this.#isStopped()) return
        const { path } = this.#options
        const known = fault instanceof KubeFault ? fault : undefined
        if (known === undefined)
          log.error({ err: fault, path }, 'what a watch said could not be read; it is listed anew')
        else log.warn({ path, status: known.status, reason: known.message }, 'a watch ended early')
        // What it stood at is good until the server says that it has forgotten it.
        if (known?.status !== 0) this.#at = undefined
        await timers.sleep(known?.retryAfterMs ?? waitMs, signal).catch(() => {})
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
      }
    }
  }

  async #list(): Promise<void> {
    const { path, pick } = this.#options
    const met = new Set<string>()
    let page: KubeList<Kind>
    let from = ''
    do {
      page = await pageOf(this.#doors.kube, path, from)
      for (const object of page.items) {
        met.add(keyOf(object))
        this.#put(keyOf(object), pick(object))
      }
      from = page.metadata.continue ?? ''
    } while (from !== '')
    for (const key of [...this.#rows.keys()]) if (!met.has(key)) this.#put(key, undefined)
    this.#at = page.metadata.resourceVersion
    this.#there()
  }

  /** Resolves when the server ends the watch, as it does now and then. */
  async #watch(): Promise<void> {
    const { path, pick } = this.#options
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_FOR_S}&resourceVersion=${this.#at}`
    const onLine = (line: string) => {
      const { type, object } = JSON.parse(line) as WatchEvent<Kind>
      if (type === 'ERROR') throw new KubeFault((object as Status).code ?? 500, object as Status)
      const seen = object as Kind
      this.#at = seen.metadata.resourceVersion
      if (type !== 'BOOKMARK') this.#put(keyOf(seen), type === 'DELETED' ? undefined : pick(seen))
    }
    await this.#doors.kube.stream(withQuery(path, query), onLine, this.#stopping.signal)
  }

  #put(key: string, row: Row | undefined): void {
    const before = this.#rows.get(key)
    if (row === undefined && before === undefined) return
    if (row === undefined) this.#rows.delete(key)
    else this.#rows.set(key, row)
    this.#options.onChange?.({ key, row, before })
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted
  }
}

async function pageOf<Kind>(kube: KubeApi, path: string, from: string): Promise<KubeList<Kind>> {
  const page = await readPage<Kind>(kube, path, from)
  if (page === undefined)
    throw new KubeFault(404, { message: `${path}: there is no such list; is the chart's CRD installed?` })
  return page
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}
