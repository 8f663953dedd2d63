/** The `{collection}` of a request: the ID of a node, optionally with the type of task requested. */
export interface CollectionId {
  /** In the spelling used everywhere inside the relay: lower case, hyphenated. */
  readonly nodeId: string
  /** Text after the dot, lower case; `''` if there is none. Only `a` and `b` are supported. */
  readonly suffix: string
}

// Hyphenated, 32 digits, {braced} or (parenthesised): the spellings that the .NET relay treats as one ID.
const GUID =
  /^(?:([0-9a-f]{32})|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|\{([0-9a-f-]{36})\}|\(([0-9a-f-]{36})\))$/i
const HYPHENATED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The canonical spelling of a GUID, or undefined if the text is not a GUID. */
export function canonicalGuid(text: string): string | undefined {
  const match = GUID.exec(text)
  if (match === null) return undefined
  const [, digits, hyphenated, braced, parenthesised] = match
  if (digits !== undefined) {
    const d = digits.toLowerCase()
    return `${d.slice(0, 8)}-${d.slice(8, 12)}-${d.slice(12, 16)}-${d.slice(16, 20)}-${d.slice(20)}`
  }
  const guid = (hyphenated ?? braced ?? parenthesised ?? '').toLowerCase()
  return HYPHENATED.test(guid) ? guid : undefined
}

/** Parses `{guid}` or `{guid}.{suffix}`; undefined if the first part is not a GUID. */
export function parseCollectionId(text: string): CollectionId | undefined {
  const dot = text.indexOf('.')
  const nodeId = canonicalGuid(dot < 0 ? text : text.slice(0, dot))
  if (nodeId === undefined) return undefined
  return { nodeId, suffix: dot < 0 ? '' : text.slice(dot + 1).toLowerCase() }
}
