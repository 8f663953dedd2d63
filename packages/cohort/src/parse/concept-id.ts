/** A concept ID in decimal digits (`08507` is 8507); `undefined` if the text is anything else. */
export function parseConceptId(text: string): number | undefined {
  const trimmed = text.trim()
  if (!/^\d+$/.test(trimmed)) return undefined
  const id = Number(trimmed)
  return Number.isSafeInteger(id) ? id : undefined
}

/** The ID in `OMOP=46236952`; `undefined` if the text is anything else. */
export function parseConceptName(varname: string): number | undefined {
  const match = /^\s*OMOP\s*=(.*)$/is.exec(varname)
  return match?.[1] === undefined ? undefined : parseConceptId(match[1])
}
