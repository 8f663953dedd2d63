// The characters that today's hub allows, so that every existing name stays valid. No colon: it would end the name
// inside a Basic header.
const USERNAME = /^[A-Za-z0-9._@+-]{1,256}$/

/** The one form in which names are compared and stored as a key, the same as today's: composed, upper case. */
export function canonicalUsername(name: string): string {
  return name.normalize('NFC').toUpperCase()
}

/** Says what is wrong with a name for a new user, or undefined. */
export function usernameProblem(name: string): string | undefined {
  if (name === '') return 'a user name is needed'
  if (!USERNAME.test(name)) {
    return `user name "${name}" may only have letters, digits and - . _ @ + (256 at most)`
  }
  return undefined
}
