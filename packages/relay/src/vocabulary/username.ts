// The characters that the .NET relay allows, so that every existing name stays valid. No colon: it would end the
// name in a Basic header.
const USERNAME = /^[A-Za-z0-9._@+-]{1,256}$/

/** The form in which names are compared and stored as a key, the same as in the .NET relay: composed, upper case. */
export function canonicalUsername(name: string): string {
  return name.normalize('NFC').toUpperCase()
}

/** Whether a user can have this name. No other text reaches the database, which rejects some characters. */
export function isUsername(name: string): boolean {
  return USERNAME.test(name)
}

/** Why a name is not valid for a new user; undefined if it is valid. */
export function usernameProblem(name: string): string | undefined {
  if (name === '') return 'the user name is empty'
  if (!isUsername(name)) {
    return `"${name}" is not a user name: use at most 256 letters, digits and - . _ @ +`
  }
  return undefined
}
