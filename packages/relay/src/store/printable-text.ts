// oxlint-disable-next-line eslint/no-control-regex -- detects control characters
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/g

/**
 * Text from another program, for people to read, as it may be stored: of limited length, and without the characters that
 * PostgreSQL rejects or a terminal obeys.
 */
export function printableText(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replaceAll(CONTROL_CHARACTERS, ' ').toWellFormed()
}
