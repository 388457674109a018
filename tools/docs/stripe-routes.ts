import { MONEY_ROUTES, ROUTES_OF } from '../../vendors/stripe/money-routes.ts'
import type { RouteCost } from '../../vendors/stripe/routes/route-cost.ts'

interface Section {
  readonly title: string
  readonly text: string
  readonly holds: (cost: RouteCost) => boolean
}

const SECTIONS: readonly Section[] = [
  {
    title: 'The amount stands in the request',
    text: '`amount` and `currency`, once each, as whole minor units; v2 writes `amount: {value, currency}`. A change of an amount counts the new one.',
    holds: ({ kind }) => kind === 'create' || kind === 'update',
  },
  {
    title: 'The amount stands on the object',
    text: 'The object is read first, then its amount is reserved. What the run has counted for it already is taken off, so it counts once over create, confirm, capture and increment. A cancellation gives back what was counted, where Stripe says that nothing was charged, or that a payout or top-up is canceled.',
    holds: ({ kind }) => kind === 'on_object' || kind === 'cancel',
  },
  {
    title: 'Only Stripe knows the amount',
    text: 'Refused, unless the policy declares in `maximums` the most that one call may move: that is reserved. Each call counts, also several on one subscription, customer or reader; only calls about one invoice, Checkout Session, quote or payout intent as a whole count once together. A finalized invoice is then counted at its sum, a session or quote that comes to more than the maximum at what it says; anything else stays at the maximum, whatever it moved. What Stripe collects later by itself, such as the next period of a subscription, no proxy sees.',
    holds: ({ kind }) => kind === 'computed',
  },
  {
    title: 'Money goes back',
    text: 'Free, and no cap is raised by it. With a cap in `classCaps` the amount, or all of the object when none is named, counts in that cap alone; the object is read first.',
    holds: ({ kind }) => kind === 'gives_back',
  },
  {
    title: 'Never allowed',
    text: 'Whatever a policy says: what they do cannot be bounded, they hand out a credential, or they belong to another host.',
    holds: ({ kind }) => kind === 'never',
  },
  {
    title: 'Free, but for some parameters',
    text: 'With one of the parameters in brackets the call is refused, unless `maximums` of the policy say what it may move.',
    holds: (cost) => cost.kind === 'free' && cost.except.length > 0,
  },
]

/** `docs/reference/stripe-routes.md`. */
export function stripeRoutesPage(): string {
  const entries = [...MONEY_ROUTES]
  const freeCount = entries.filter(([, cost]) => cost.kind === 'free' && cost.except.length === 0).length
  const sections = SECTIONS.map(({ title, text, holds }) => {
    const routes = entries.filter(([, cost]) => holds(cost)).map(([route, cost]) => `- \`${route}\`${note(cost)}`)
    // Long lists are read for one route: one paragraph keeps the page short.
    const list = routes.length > 30 ? routes.map((line) => line.slice(2)).join(' · ') : routes.join('\n')
    return `## ${title}\n\n${text}\n\n${list}\n`
  })
  return `# Stripe's routes

<!-- Generated from vendors/stripe/routes by \`make fix\`. Do not edit. -->

What each of the ${entries.length} routes that change something at Stripe costs. \`*\` stands for an id. They were read from the
npm package \`stripe\` ${ROUTES_OF.package} and from Stripe's OpenAPI description; \`.tools/bin/node tools/stripe-routes/main.ts\` says what a newer
one adds. A route that is not in the table is refused. ${freeCount} routes not listed here are known and free.

${sections.join('\n')}`
}

function note(cost: RouteCost): string {
  if (cost.kind === 'free') return ` (${cost.except.map((name) => `\`${name}\``).join(', ')})`
  const moneyClass = 'moneyClass' in cost ? cost.moneyClass : null
  return moneyClass === null ? '' : ` (\`${moneyClass}\`)`
}
