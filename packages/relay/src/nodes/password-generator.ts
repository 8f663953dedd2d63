import { randomInt } from 'node:crypto'

declare const generated: unique symbol
/** A password that `generatePassword` made: the only ones for which a fast hash is safe. */
export type GeneratedPassword = string & { readonly [generated]: true }

// Letters and digits only: passwords are pasted into shells, YAML and Helm values, where `$ # ! & *` need quoting.
// Without 0 O and 1 l I, which people confuse on the phone. 57 characters, 5.8 bits each.
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LENGTH = 24

/** A password of 24 characters, 139 bits. `randomInt` has no bias, unlike the remainder of a random byte. */
export function generatePassword(pick: (below: number) => number = randomInt): GeneratedPassword {
  let password = ''
  while (password.length < LENGTH) password += ALPHABET.charAt(pick(ALPHABET.length))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only place that makes one
  return password as GeneratedPassword
}
