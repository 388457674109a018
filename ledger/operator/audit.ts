import { once } from 'node:events'
import { type Response, Router } from 'express'
import { parseAuditQuery } from '../../contract/operators.schema.ts'
import { AUDIT_ROUTE } from '../../contract/routes.ts'
import type { AuditQuery } from '../../store/store.ts'
import type { Ledger } from '../ledger.ts'
import { must } from './refused.ts'

const PAGE = 1_000

/** The record as newline-delimited JSON, page by page, so that it never stands in memory as a whole. */
export function auditRoutes(ledger: Ledger): Router {
  const router = Router()
  router.get(AUDIT_ROUTE, async (request, response) => {
    const { run, key, cursor, limit, ...filter } = must(parseAuditQuery(request.query))
    const query: Omit<AuditQuery, 'afterSeq' | 'limit'> = {
      ...filter,
      ...(run === undefined ? {} : { runUid: run }),
      ...(key === undefined ? {} : { keyId: key }),
    }
    response.type('application/x-ndjson')
    let afterSeq = cursor
    let left = limit ?? Infinity
    while (left > 0) {
      const asked = Math.min(PAGE, left)
      const events = await ledger.store.audit({ ...query, afterSeq, limit: asked })
      for (const event of events.slice(0, left)) {
        afterSeq = event.seq
        if (response.write(`${JSON.stringify(event)}\n`)) continue
        await drained(response)
        if (response.destroyed) return
      }
      left -= events.length
      if (events.length < asked) break
    }
    response.end()
  })
  return router
}

/** Until more can be written, or whoever read has gone. */
async function drained(response: Response): Promise<void> {
  if (response.destroyed) return
  const over = new AbortController()
  const { signal } = over
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  // The listeners of the other one go too.
  over.abort()
}
