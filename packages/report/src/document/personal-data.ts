import { pattern, QUOTE } from './secret-pattern.ts'
import type { SecretPattern } from './secret-pattern.ts'

const value = pattern('value')

/** Names of members, columns and words that say that the value after them belongs to a person. */
const OF_A_PERSON = [
  String.raw`(?:person|patient|subject|participant|proband)[ _-]?(?:id|identifier|number|no|name|key)`,
  String.raw`(?:nhs|chi|mrn|ssn|hcn|hospital|medical[ _-]?record|record)[ _-]?(?:number|no|id)?`,
  String.raw`\w{0,40}_source_value`,
  String.raw`(?:family|given|first|last|sur|maiden|full)[ _-]?name`,
  String.raw`(?:dob|date[ _-]?of[ _-]?birth|birth[ _-]?date(?:time)?|year_of_birth|born)`,
  String.raw`(?:post[ _-]?code|zip[ _-]?code|zip|address_[12]|e-?mail|phone|telephone)`,
].join('|')
const IS = String.raw`(?:${QUOTE})?\s{0,3}(?:[=:]{1,2}|<>|!=|\bis\b|\blike\b|\bin\s{0,3}\()\s{0,3}`
const ONE_VALUE = String.raw`(?:\\{0,8}"[^"\\]{1,300}|\\{0,8}'[^'\\]{1,300}|[^\s,;)}\]"'\\]{1,200})`

/**
 * Data of persons in messages of databases and programs: a statement with its values, the row that a constraint rejects, the input that
 * does not parse. Everything after the words that announce it is masked.
 */
export const PERSONAL_DATA: readonly SecretPattern[] = [
  value(String.raw`(?<before>@\w+=)(?<secret>'(?!\?')(?:[^']|'')*')`),
  value(String.raw`(?<before>\$\d+ = )(?<secret>'(?:[^']|'')*')`),
  value(String.raw`(?<before>\[parameters: )(?<secret>.*)`),

  // PostgreSQL: details of errors.
  value(
    String.raw`(?<before>\bKey \([^()]{1,200}\)=\()(?<secret>(?!\?)[^\r\n]*?)(?=\) (?:already|is|conflicts|exists|does)|\)?$|\)?\.?["'\\])`,
  ),
  value(String.raw`(?<before>\bFailing row contains \()(?<secret>(?!\?)[^\r\n]*)`),
  value(
    String.raw`(?<before>\b(?:invalid|malformed|out of range|cannot cast|could not convert|too long for|does not match|unable to parse|not a valid)\b[^"'\r\n]{0,120}["'])(?<secret>(?!\?["'])[^"'\r\n]{1,500})(?=["'])`,
  ),
  value(String.raw`(?<before>\b(?:COPY \w+, line \d+(?:, column \w+)?: )["'])(?<secret>[^"\r\n]*)`),

  // Literals of SQL.
  value(
    String.raw`(?<before>\b(?:where|and|or|set|values|having|when)\b[^'\r\n]{0,120}(?:[=<>(,]|\blike|\bin)\s{0,3})(?<secret>'(?!\?')(?:[^']|''){0,500}')`,
  ),
  value(
    String.raw`(?<before>[=<>(,]\s{0,3})(?<secret>'(?!\?')(?:[^']|''){1,500}')(?=\s*(?:\)|,|;|and\b|or\b|order\b|group\b|limit\b))`,
  ),

  // After a telling name, and by its form.
  value(
    String.raw`(?<before>\b(?:${OF_A_PERSON})${IS})(?<secret>(?!["']?(?:\?|null|none|required|missing|not|unknown|invalid)\b)${ONE_VALUE})`,
  ),
  // A number or a quoted text after the word alone.
  value(
    String.raw`(?<before>\b(?:person|patient|subject|participant|proband)s?\s{0,3}[=:#]?\s{0,3})(?<secret>\d{3,20}\b|'(?!\?')[^']{1,200}'|"[^"]{1,200}")`,
  ),
  value(String.raw`(?<secret>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})(?![\w/:])`),
  value(String.raw`(?<![\d.:-])(?<secret>\d{3}[ -]\d{3}[ -]\d{4})(?![\d.])`),
]
