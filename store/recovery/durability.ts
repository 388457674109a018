/** What a person may do without, by name: each word says what is then risked. */
export const WAIVERS = {
  journal: 'after a loss of Redis calls may be made twice',
  tls: 'who is on the network between can read and alter what is kept',
  appendonly: 'a restart of Redis loses what it had acknowledged',
  appendfsync: 'the end of the host of Redis may lose the last second',
} as const

export type Waiver = keyof typeof WAIVERS

/** All that is demanded of a store on a server. A replica, or one that evicts, is never served. */
type Demand = Waiver | 'noeviction' | 'master'

/** One demand that is not met, and what to change. */
export interface Shortfall {
  readonly demand: Demand
  readonly sentence: string
}

export function isWaiver(word: string): word is Waiver {
  return Object.hasOwn(WAIVERS, word)
}
