/**
 * The same pure function of one text, which remembers its last answers: what is asked again and again for the few paths
 * that an app calls is worked out once. Forgets all when it knows `most` (default 200), so that it stays small whatever
 * texts come.
 */
export function remembered<Answer>(compute: (text: string) => Answer, most = 200): (text: string) => Answer {
  const known = new Map<string, Answer>()
  return (text) => {
    const earlier = known.get(text)
    if (earlier !== undefined) return earlier
    const answer = compute(text)
    if (known.size >= most) known.clear()
    known.set(text, answer)
    return answer
  }
}
