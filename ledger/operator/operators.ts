import type { Access } from './access.ts'
import { isOperatorToken } from './token.ts'

/** Who may do what over the operator routes. */
export interface Operators {
  /** `unknown`: the bearer is nobody we know; `denied`: somebody who may not do this. */
  judge(bearer: string, access: Access): Promise<'allowed' | 'denied' | 'unknown'>
}

/** Where there is no cluster: whoever holds the token in the state folder may do everything. */
export function createTokenOperators(operatorToken: string): Operators {
  return {
    judge: (bearer) => Promise.resolve(isOperatorToken(bearer, operatorToken) ? 'allowed' : 'unknown'),
  }
}
