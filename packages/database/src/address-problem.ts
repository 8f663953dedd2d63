import { ExitCode, nearestName, ProgramError } from '@warren/runtime'

/** An address that cannot be used. The message names what is wrong in it, and contains neither values nor passwords. */
export function addressProblem(message: string, hint?: string, cause?: unknown): ProgramError {
  return new ProgramError(message, { exitCode: ExitCode.config, hint, cause })
}

export function unknownName(kind: string, name: string, known: readonly string[]): ProgramError {
  const nearest = nearestName(name, known)
  return addressProblem(
    `unknown ${kind} "${name}"`,
    nearest === undefined
      ? `Remove it, or use one of: ${known.join(', ')}.`
      : `Did you mean ${nearest}?`,
  )
}

/** @throws ProgramError if the text is not one of the words, which may be written in any case. */
export function oneOf<T extends string>(name: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text.trim().toLowerCase())
  if (found === undefined) throw addressProblem(`${name} is not one of ${words.join(', ')}`)
  return found
}

/** A whole number from 0. @throws ProgramError */
export function wholeNumber(name: string, text: string, max = 2_147_483_647): number {
  const value = /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : Number.NaN
  if (value <= max) return value
  throw addressProblem(`${name} is not a whole number from 0 to ${max}`)
}

/** @throws ProgramError */
export function portNumber(name: string, text: string): number {
  const port = wholeNumber(name, text, 65_535)
  if (port === 0) throw addressProblem(`${name} is not a port from 1 to 65535`)
  return port
}
