import { PERSONAL_DATA } from './personal-data.ts'
import { pattern, QUOTE, QUOTED } from './secret-pattern.ts'
import type { SecretPattern } from './secret-pattern.ts'

const IS = String.raw`(?:${QUOTE})?\s*(?:=>|[=:]|%3D|,\s*<<(?="))\s*`
// Up to the next key of a connection string or query, because passwords may contain any punctuation.
const BARE = String.raw`(?:(?!(?:[;&,]|%26|%3B)\s*(?:[\w .-]{1,40}=|["']))(?!["'](?!\w))\S)+`
const BRACED = String.raw`\{[^}]*\}`
const VALUE = `(?<secret>${QUOTED}|${BRACED}|${BARE})`

const NAMES = [
  'passw(?:or)?ds?',
  'passwort(?=["\']?\\s*[=:])',
  'passphrase',
  'pwd',
  '(?<![a-z])(?:pass|pw)(?=["\']?\\s*[=:,])',
  '(?<=_)pass(?=["\']?[=:,])',
  '(?<![a-z])session(?:[ _-]?id)?(?==)',
  'secret',
  'api[ _-]?key',
  'access[ _-]?key(?:[ _-]?id)?',
  'account[ _-]?key',
  'private[ _-]?key',
  'signature',
  'x-amz-[a-z-]*',
  'credential',
  'token',
  'char_salt',
].join('|')

// Includes the type suffixes of IDs (.a, .b).
const ID = String.raw`[^\s/?#&"'<>)\],;}\\]+`
const GUID = '[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}'

const collection = pattern('collection')
const secret = pattern('secret')
const secretOrProse = pattern('secret', true)

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  // Collection IDs: in paths of the Task API, and after their name.
  collection(String.raw`(?<before>(?:/|%2F)task(?:/|%2F)nextjob(?:/|%2F))(?<secret>${ID}\]?)`),
  collection(
    String.raw`(?<before>(?:/|%2F)?task(?:/|%2F)result(?:/|%2F)[^\s/?#"'%]+(?:/|%2F))(?<secret>${ID}\]?)`,
  ),
  collection(
    String.raw`(?<before>collection[ _-]?id(?:${QUOTE})?\s*(?:=>|[=:]|%3D)?\s*\\{0,8}(?<quote>["']))(?<secret>(?:(?!\\{0,8}\k<quote>).)*)`,
  ),
  collection(
    String.raw`(?<before>collection[ _-]?id(?:${QUOTE})?\s*(?:=>|[=:]|%3D)\s*)(?<secret>(?!\\{0,8}["'])${ID})`,
  ),
  collection(String.raw`(?<before>${QUOTE}collection${QUOTE}\s*:\s*\\{0,8}")(?<secret>[^"\\]*)`),
  collection(String.raw`(?<before>\bcollection=)(?<secret>(?!["'])${ID})`),
  collection(String.raw`(?<before>\bcollections?[^\w\r\n]{1,4})(?<secret>${GUID})`),

  // Headers
  secretOrProse(
    String.raw`(?<before>\bauthorization${IS}(?:${QUOTE})?)(?<secret>digest\s[^\r\n]*|(?:(?:basic|bearer|negotiate|ntlm|token)(?:\s+|%20))?[^\s"',;]*)`,
  ),
  secretOrProse(String.raw`(?<before>\b(?:basic|bearer)(?:\s+|%20))(?<secret>[\w+/=.~-]{6,})`),
  secret(String.raw`(?<before>\bcookie${IS})(?<secret>${QUOTED}|[^\r\n"]+)`),

  // After a telling name: variables, JSON, query parameters, connection strings, SQL, XML, command lines.
  secretOrProse(`(?<before>(?:${NAMES})[a-z0-9_-]{0,40}${IS})${VALUE}`),
  secret(String.raw`(?<before>"pass"\s*:\s*)(?<secret>"(?:[^"\\]|\\.)*)`),
  secret(String.raw`(?<before>[?&](?:key|sig|auth|code|jwt|sid|session)=)(?<secret>[^\s&"'<>]+)`),
  secret(
    String.raw`(?<before>\b(?:password|identified by)\s+(?:is\s+)?)(?<secret>'[^']*'|"[^"]*")`,
  ),
  secret(
    String.raw`(?<before><[\w:.-]{0,40}(?:password|secret|token)[\w:.-]{0,40}>)(?<secret>[^<]+)`,
  ),
  secret(
    String.raw`(?<before>(?:^|\s)--?[\w-]{0,40}(?:password|passwd|pwd|secret|token|api-key)\s+)(?<secret>(?!-)\S+)`,
  ),
  secret(String.raw`(?<before>(?:^|\s)(?:-u|--user)\s+)(?<secret>\S+:\S+)`),
  secret(
    String.raw`(?<before>\b(?:password|passphrase|passwort)\s+(?:is|was|ist|of)\s+)(?<secret>(?!(?:not|wrong|invalid|incorrect|missing|empty|required|expired|set|too|the|a|an|known|unknown|reset|changed|rejected|correct)\b)[^\s,;]{1,200})`,
  ),
  secret(String.raw`(?<before>\bpassphrase\s+)(?<secret>(?=\S*[\d\W_])[^\s:=,;]{1,200})`),
  secret(
    String.raw`(?<before>\b(?:change_password|add_user|authenticate_user)\s+(?:'[^']{0,100}'|"[^"]{0,100}"|\S{1,100})\s+)(?<secret>'[^']*'|"[^"]*"|\S+)`,
  ),
  secret(String.raw`(?<before>\bcookie hash\s*:?\s*)(?<secret>[\w+/=-]{8,})`),
  secret(String.raw`(?<before>\bauth\s{0,9}=\s{0,9})(?<secret>\([^()]{0,500}\)?)`),
  secret(String.raw`(?<before>\bcredentials?:\s*)(?<secret>[^\s:]+:\S+)`),

  // In URLs, up to the last @, because a password may contain an unencoded slash or @.
  secret(
    String.raw`(?<before>\b[a-z][a-z0-9+.-]{0,30}://)(?<secret>(?=[^\s@"'<>]{0,200}:)[^\s"'<>]{1,500}|[^\s/?#@"'<>]{1,500})(?=@)`,
  ),
  secret(String.raw`(?<before>%3A%2F%2F)(?<secret>(?:(?!%40)[^\s"']){1,500})(?=%40)`),
  // Without a scheme: user:password@host and user/password@database.
  secret(
    String.raw`(?<![\w:/@.%-])(?<before>[a-z_][\w.-]{0,60}[:/])(?<secret>[^\s:/@"'<>()]{1,100})(?=@[a-z0-9][\w.-]{0,200})`,
  ),
  secret(String.raw`(?<before>\bjdbc:oracle:\w+:)(?<secret>[^\s@/]{1,200}/[^\s@]{1,200})(?=@)`),

  // Recognisable by their form
  secret(String.raw`(?<![A-Za-z0-9])(?<secret>eyJ[\w-]{8,}(?:\.[\w-]*){0,2})`, 'g'),
  secret(String.raw`\b(?<secret>(?:AKIA|ASIA)[A-Z0-9]{12,})`, 'g'),
  secret(
    String.raw`\b(?<secret>(?:gh[opsur]_|github_pat_|glpat-|glsa_|xox[abprs]-|sk_live_|sk-|npm_|ya29\.|hvs\.|AIza)[\w.-]{16,})`,
    'g',
  ),
  secret(String.raw`(?<secret>\$(?:2[abxy]|argon2\w*|[156])\$[\w./$=,+-]{8,})`, 'g'),
  secret(String.raw`(?<secret>-----BEGIN [A-Z ]*-----.*)`, 'gs'),

  ...PERSONAL_DATA,
]

const MASKED_OR_NONE =
  /^(?:b?["']?)(?:\*+|\?+|x{3,}|\[?<?redacted>?\]?|‹\w+›|null|none|nil|true|false|undefined|empty|unset|)$/i

/** Words that follow "password:" and similar names in messages. */
const MESSAGE_WORD =
  /^(?:access|already|an?|and|are|at|authenticat\w*|bad|but|cannot|could|denied|does|empty|error|expired|fail\w*|for|from|has|have|header|in|incorrect|invalid|is|it|length|login|mismatch\w*|missing|must|no|not|of|on|or|rejected|refused|required|scheme|seems|should|that|the|this|to|too|unexpected|unknown|user|username|value|was|were|will|with|without|wrong)[.,:;]?$/i

/**
 * Whether the value is missing, masked or a word of a sentence. A password may be a word too, so after "password" only words of
 * known messages count. After other names any lower-case word counts if the sentence continues after it.
 * @param after the text that follows the value
 */
export function isProse(before: string, value: string, after: string): boolean {
  if (MASKED_OR_NONE.test(value)) return true
  const inSentence = /:\s$|(?:basic|bearer)\s+$/i.test(before)
  if (!inSentence) return false
  if (MESSAGE_WORD.test(value)) return true
  const strict = /pass|pwd|authorization/i.test(before)
  return !strict && /^[a-z]+(?:-[a-z]+)*[.,]?$/.test(value) && /^\s+[\w'“‘(]/.test(after)
}
