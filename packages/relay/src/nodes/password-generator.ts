import { randomInt } from 'node:crypto'

// Letters and digits only, without the pairs that people misread (0 O, 1 l I): the password is read out over the
// phone, pasted into shells, YAML and Helm values, where `$ # ! & *` need quoting. 57 characters, 5.8 bits each.
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LENGTH = 24

/** A password of 24 characters, 139 bits. `randomInt` draws without bias, where a remainder would not. */
export function generatePassword(pick: (below: number) => number = randomInt): string {
  let password = ''
  while (password.length < LENGTH) password += ALPHABET.charAt(pick(ALPHABET.length))
  return password
}
