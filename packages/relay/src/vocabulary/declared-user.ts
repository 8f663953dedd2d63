/** A user that exists because of the configuration, with exactly these nodes. */
export interface DeclaredUser {
  readonly name: string
  readonly password: string
  readonly nodeIds: readonly string[]
}
