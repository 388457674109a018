import { caller, type RefusalEntry } from './refusal-entry.ts'

/** Of the catalogue: refusals for the form of a request. */
export const FORM_REFUSALS = {
  request_malformed: caller(
    400,
    'The request is not well-formed, so it was not sent.',
    'Correct what the message names.',
  ),
  path_ambiguous: caller(
    400,
    'The path could be read in two ways, so it was refused.',
    'Write what the message names as it says; `..`, empty segments, `;` and encoded slashes are never accepted.',
  ),
  header_forbidden: caller(400, 'Headers that begin with Jobcap- are ours.', 'Leave them out.'),
  body_too_large: caller(413, 'The body is over the limit.', 'Send less at once, or raise `maxBodyKiB` in the policy.'),
  body_too_slow: {
    ...caller(
      408,
      'The body did not come to its end within a minute, so the call was not sent.',
      'Send as many bytes as Content-Length says, at once.',
    ),
    isRetryable: true,
  },
  body_unreadable: caller(
    400,
    'The body does not parse as its content type says.',
    'Send well-formed JSON or form data with the matching Content-Type.',
  ),
  route_not_ours: caller(404, 'There is nothing at this path.', 'Call /<vendor>/<path of the vendor>.'),
} satisfies Record<string, RefusalEntry>
