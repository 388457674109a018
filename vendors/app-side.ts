/** How apps know a vendor: what in a Pod's manifest points at it or holds its secret. Pure data for admission. */
export interface AppSide {
  /**
   * Environment variables by which apps and SDKs take the address of the vendor named `name` in the policy, each with what
   * they expect behind it: a path, or nothing.
   */
  addressEnvs(name: string): Readonly<Record<string, string>>
  /** Environment variables that by custom hold the vendor's secret. */
  readonly secretEnvs: readonly string[]
  /** What the vendor's secrets look like, anywhere in a text; null: they have no shape of their own. */
  readonly secretShape: RegExp | null
  /** Stands in for the secret: SDKs accept its shape, the vendor does not accept it. */
  readonly placeholder: string
  /** Where a variable needs another placeholder than that one. */
  placeholderOf?(variable: string): string | undefined
}
