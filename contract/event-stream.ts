/** Whether an answer with this Content-Type is a stream of events. Its name minds no case: RFC 9110, section 8.3.1. */
export function isEventStream(contentType: unknown): boolean {
  return /^text\/event-stream/i.test(String(contentType))
}
