import { isStoreProblem, STORE_PROBLEMS } from '../../contract/store-problems.ts'
import type { Finding } from './finding.ts'

/** What is wrong with the store, explained. A newer ledger may know codes that this jobcap does not. */
export function storeFindings(codes: readonly string[]): Finding[] {
  return codes.filter(isStoreProblem).map((code) => {
    const { summary, wayOut } = STORE_PROBLEMS[code]
    return { problem: `${code}: ${summary}`, wayOut }
  })
}
