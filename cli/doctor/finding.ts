/** Something that needs a person. */
export interface Finding {
  /** A sentence. */
  readonly problem: string
  /** What a person can do: a sentence or a command. */
  readonly wayOut: string
}
