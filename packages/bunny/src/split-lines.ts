/** One line of a file, without its line feed. */
export interface Line {
  /** `undefined` if the line is longer than the limit: it is never in memory as a whole. */
  readonly bytes: Buffer | undefined
  /** Whether a line feed ended it. The last line of a file may lack one. */
  readonly isEnded: boolean
}

/**
 * Splits at line feeds only, as JSON Lines requires. The reader of Node.js also splits at U+2028, which JSON allows inside
 * a string, and buffers lines of any length.
 */
export async function* splitLines(
  input: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  const add = (part: Buffer): void => {
    size += part.length
    if (size > maxBytes) parts = []
    else parts.push(part)
  }
  const take = (isEnded: boolean): Line => {
    const bytes = size > maxBytes ? undefined : Buffer.concat(parts)
    parts = []
    size = 0
    return { bytes, isEnded }
  }
  for await (const chunk of input) {
    let rest = Buffer.from(chunk)
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      add(rest.subarray(0, end))
      yield take(true)
      rest = rest.subarray(end + 1)
    }
    add(rest)
  }
  if (size > 0) yield take(false)
}
