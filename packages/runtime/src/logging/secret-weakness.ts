// Shorter texts occur in log lines by chance.
const MIN_LENGTH = 8
// A single word or number of this length is no longer one that a log line contains by chance.
const MIN_WORD_LENGTH = 16

const ONE_WORD = /^\p{L}+$/u
const ONE_NUMBER = /^\d+$/

const COMMON_WORDS = [
  'abc',
  'admin',
  'administrator',
  'bunny',
  'changeme',
  'default',
  'demo',
  'guest',
  'hospital',
  'letmein',
  'omop',
  'p@ssw0rd',
  'pass',
  'passw0rd',
  'passwd',
  'password',
  'postgres',
  'postgresql',
  'qwerty',
  'rabbitmq',
  'relay',
  'root',
  'sample',
  'secret',
  'test',
  'trust',
  'upstream',
  'user',
  'warren',
  'welcome',
].join('|')
/** Common words in a row, with a number or an exclamation mark at the end: `password1`, `admin-admin`, `test123!`. */
const COMMON = new RegExp(`^(?:(?:${COMMON_WORDS})[-_. ]?)+\\d{0,4}!?$`, 'i')

/**
 * Why a secret cannot be masked wherever it occurs; undefined if it can. A short or common one is also part of other
 * text: to mask it there would make that text unreadable and give the secret away.
 */
export function weaknessOf(secret: string): string | undefined {
  const { length } = secret.trim()
  if (length < MIN_LENGTH) return `has fewer than ${MIN_LENGTH} characters`
  if (COMMON.test(secret)) return 'is a common password'
  if (length >= MIN_WORD_LENGTH) return undefined
  if (ONE_WORD.test(secret)) return `is a single word of fewer than ${MIN_WORD_LENGTH} letters`
  if (ONE_NUMBER.test(secret)) return `is a number of fewer than ${MIN_WORD_LENGTH} digits`
  return undefined
}
