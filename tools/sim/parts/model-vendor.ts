/** What a request asks of the model: for whom, and for how many tokens at most. */
export function readPrompt(body: string): { readonly customer: string; readonly mostTokens: number } {
  const { messages, max_tokens: mostTokens } = JSON.parse(body) as {
    messages: readonly { content: string }[]
    max_tokens: number
  }
  return { customer: messages[0]?.content ?? '', mostTokens }
}

export function completion(nth: number, outputTokens: number): object {
  return {
    id: `chatcmpl-${nth}`,
    object: 'chat.completion',
    model: 'tiny',
    choices: [{ index: 0, message: { role: 'assistant', content: `answer ${nth}` }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: outputTokens, total_tokens: 7 + outputTokens },
  }
}
