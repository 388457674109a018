/** Twilio's word on a bad request. https://www.twilio.com/docs/api/errors */
export class TwilioRefusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function errorBody({ status, code, message }: TwilioRefusal): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

/** What Twilio says beside a status, where a test asks for that status. */
export function scriptedError(status: number): object {
  switch (status) {
    case 401:
      return errorBody(new TwilioRefusal(401, 20003, 'Authenticate'))
    case 429:
      return errorBody(new TwilioRefusal(429, 20429, 'Too Many Requests'))
    default:
      if (status >= 500) return errorBody(new TwilioRefusal(status, 20500, 'An internal server error has occurred'))
      return errorBody(new TwilioRefusal(status, 20001, `A scripted answer with status ${status}`))
  }
}
