// Control characters, line and paragraph separators, lone surrogates, byte order marks and marks of text direction. They
// change how a table, a log or a page shows the text around them.
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\uFEFF\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu
// Spreadsheet programs run a cell that starts like this, in quotes too.
const FORMULA = /^["\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/**
 * A text of a node as it may appear in a combined result: of bounded length, without invisible characters, and never a
 * formula. It shares no memory with the text it was cut from, so that a name does not keep a whole file in memory.
 */
export function safeText(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength) : text
  const visible = PRINTABLE_ASCII.test(cut) ? cut : cut.replaceAll(INVISIBLE, ' ')
  const trimmed = visible.trim()
  return copyOf(FORMULA.test(trimmed) ? `'${trimmed}` : trimmed)
}

/** Whether a CODE can be passed on as it is. Changing it could make it equal to another one. */
export function isSafeCode(code: string, maxLength: number): boolean {
  if (code.length > maxLength || FORMULA.test(code)) return false
  return PRINTABLE_ASCII.test(code) || (code.search(INVISIBLE) === -1 && !code.includes('\uFFFD'))
}

/** A copy that does not refer to the string that `text` is a part of. */
export function copyOf(text: string): string {
  return Buffer.from(text).toString()
}
