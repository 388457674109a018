import { TwilioRefusal } from './refusal.ts'

const DEFAULT_PAGE_SIZE = 50
const MOST_PAGE_SIZE = 1_000

/** One page of a 2010 list. Its addresses have no host. https://www.twilio.com/docs/usage/twilios-response#pagination */
export function pageOf(
  name: string,
  items: readonly { readonly sid: string }[],
  asked: { path: string; query: URLSearchParams },
) {
  const { path, query } = asked
  const size = Number(query.get('PageSize') ?? DEFAULT_PAGE_SIZE)
  if (!Number.isInteger(size) || size < 1 || size > MOST_PAGE_SIZE)
    throw new TwilioRefusal(400, 20001, 'Invalid PageSize')
  const page = Number(query.get('Page') ?? 0)
  const start = page * size
  const shown = items.slice(start, start + size)
  const address = (to: number) => {
    const parameters = new URLSearchParams(query)
    parameters.set('PageSize', String(size))
    parameters.set('Page', String(to))
    if (to > 0) parameters.set('PageToken', `PA${shown.at(-1)?.sid ?? ''}`)
    return `${path}?${parameters.toString()}`
  }
  return {
    page,
    page_size: size,
    start,
    end: Math.max(start, start + shown.length - 1),
    uri: address(page),
    first_page_uri: address(0),
    previous_page_uri: page > 0 ? address(page - 1) : null,
    next_page_uri: start + size < items.length ? address(page + 1) : null,
    [name]: shown,
  }
}

/** The page of a newer product: whole addresses, with the host that was asked. */
export function metaPageOf(key: string, items: readonly object[], asked: { url: string; query: URLSearchParams }) {
  const { url, query } = asked
  const size = Number(query.get('PageSize') ?? DEFAULT_PAGE_SIZE)
  const page = Number(query.get('Page') ?? 0)
  const address = (to: number) => `${url}?PageSize=${size}&Page=${to}`
  return {
    meta: {
      page,
      page_size: size,
      first_page_url: address(0),
      previous_page_url: page > 0 ? address(page - 1) : null,
      url: address(page),
      next_page_url: (page + 1) * size < items.length ? address(page + 1) : null,
      key,
    },
    [key]: items.slice(page * size, (page + 1) * size),
  }
}
