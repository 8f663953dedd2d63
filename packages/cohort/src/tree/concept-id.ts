/** Whether a text is a concept ID: decimal digits. */
export function isConceptId(text: string): boolean {
  return /^\d{1,15}$/.test(text)
}
