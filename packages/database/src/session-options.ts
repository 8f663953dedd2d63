/** One setting of the session as an option of the server: `-c search_path=hub,\ public`. */
export function sessionOption(name: string, value: string): string {
  // The server splits options at spaces, except after a backslash.
  return `-c ${name}=${value.replaceAll(/[\s\\]/g, (character) => `\\${character}`)}`
}

/** The given options in one text, or undefined if there is none. */
export function joinOptions(...options: readonly (string | undefined)[]): string | undefined {
  const given = options.filter((option) => option !== undefined && option.trim() !== '')
  return given.length === 0 ? undefined : given.join(' ')
}
