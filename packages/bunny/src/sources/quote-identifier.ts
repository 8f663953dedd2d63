/** An identifier for a statement to paste: quoted if it is not a plain lower-case name. */
export function quoteIdentifier(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : alwaysQuoted(identifier)
}

export function alwaysQuoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
