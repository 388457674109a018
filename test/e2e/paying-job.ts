import { TEAM } from './stage.ts'

export const APP_IMAGE = 'registry.example.com/billing/nightly:2026-11'

/** JavaScript of an app: one payment of 4 dollars for an invoice, told apart by it. */
export const PAY_ONCE = (invoice: string) => `await pay(\`${invoice}\`)`
/** The same, of an app that goes on when it is refused, and that tries again when the ledger is away. */
export const TRY_TO_PAY = (invoice: string) => `await attempt(\`${invoice}\`)`

const PRELUDE = `
  const hold = () => new Promise(() => setInterval(() => {}, 1e6))
  let last
  const attempt = async (invoice, headers = {}) => {
    const body = new URLSearchParams({ amount: '400', currency: 'usd', confirm: 'true', payment_method: 'pm_card_visa', 'metadata[invoice]': invoice })
    const answer = await fetch('http://localhost:8080/stripe/v1/payment_intents', { method: 'POST', body, headers })
    last = answer
    const said = await answer.text()
    console.log(answer.status === 200 ? 'paid ' + invoice : said)
    if (answer.status < 500) return answer.status
    await new Promise((go) => setTimeout(go, 500))
    return attempt(invoice, headers)
  }
  const pay = async (invoice) => {
    if ((await attempt(invoice)) !== 200) process.exit(1)
  }
`

/** Fields that nobody can change later, said by the team, and changed by admission: applied again they must pass. */
export const REWRITTEN: PayingJob = { spec: { completionMode: 'NonIndexed' }, pod: { restartPolicy: 'OnFailure' } }

export interface PayingJob {
  readonly annotations?: Readonly<Record<string, string>>
  readonly namespace?: string
  readonly spec?: object
  /** Of the Pod. */
  readonly pod?: object
  /** Of the app's container. */
  readonly container?: object
}

export function payingJob(name: string, program: string, more: PayingJob = {}): object {
  const { annotations = {}, namespace = TEAM, spec, pod, container } = more
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, annotations },
    spec: {
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'bill',
              image: APP_IMAGE,
              command: ['node', '--input-type=module', '--eval', `${PRELUDE}\n${program}`],
              env: [{ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'stripe', key: 'api-key' } } }],
              ...container,
            },
          ],
          ...pod,
        },
      },
      ...spec,
    },
  }
}
