import { type Command, EXIT, list } from './command.ts'
import { storeFindings } from './doctor/store.ts'
import { LEDGER_OPTIONS, withLedger } from './ledger-access.ts'
import { printAnswer } from './print.ts'

export const repairCommand: Command = {
  name: 'ledger repair',
  summary: 'go on with the store after a loss, without journals that are lost for good',
  usage: '[--give-up REPLICA]',
  options: {
    ...LEDGER_OPTIONS,
    'give-up': {
      type: 'string',
      multiple: true,
      value: 'REPLICA',
      help: 'its journal is lost: calls of it that Redis lost may be made again',
    },
  },
  examples: [
    ['jobcap ledger repair', 'say what the store waits for'],
    ['jobcap ledger repair --give-up 0f3a9c…', 'go on without the journal of that replica; the record says so'],
  ],
  run(values, _words, context) {
    return withLedger(values, context, async ({ client }) => {
      const replicas = list(values, 'give-up')
      for (const replica of replicas) await client.giveUpJournal(replica)
      if (replicas.length > 0) {
        const text = () => `Given up: ${replicas.join(', ')}. The ledger goes on by itself; see jobcap doctor.\n`
        printAnswer({ given_up: replicas }, { values, context, text })
        return EXIT.ok
      }
      const { ready, problem = '', problem_codes: codes = [] } = await client.readiness()
      const ways = storeFindings(codes).map(({ wayOut }) => `  ${wayOut}\n`)
      const text = () => (ready ? 'The ledger is ready: there is nothing to repair.\n' : `${problem}\n${ways.join('')}`)
      printAnswer({ ready, problem_codes: codes }, { values, context, text })
      return ready ? EXIT.ok : EXIT.no
    })
  },
}
