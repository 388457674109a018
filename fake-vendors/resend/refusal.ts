/** Resend's word on a bad request. https://resend.com/docs/api-reference/errors */
export class ResendRefusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function errorBody({ status, code, message }: { status: number; code: string; message: string }): object {
  return { statusCode: status, message, name: code }
}

/** What Resend says beside a status, where a test asks for that status. */
export function scriptedError(status: number): object {
  switch (status) {
    case 401:
      return errorBody({ status, code: 'missing_api_key', message: 'Missing API key in the authorization header.' })
    case 403:
      return errorBody({ status, code: 'invalid_api_key', message: 'API key is invalid' })
    case 409:
      return errorBody({
        status,
        code: 'concurrent_idempotent_requests',
        message: 'Same idempotency key used while original request is still in progress.',
      })
    case 429:
      return errorBody({ status, code: 'rate_limit_exceeded', message: 'Too many requests.' })
    default:
      return errorBody({
        status,
        code: status >= 500 ? 'internal_server_error' : 'validation_error',
        message: `A scripted answer with status ${status}.`,
      })
  }
}
