import { pipeline, Readable, type Duplex } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

/** A body cannot be decoded. The message names the encoding and contains nothing of the body. */
export class ContentEncodingError extends Error {
  override readonly name = 'ContentEncodingError'
}

/** Creates a decoder for a body that begins with the given bytes. */
type OpenDecoder = (start: Buffer) => Duplex

// The client asks for `identity`, but some proxies compress every response.
const DECODERS: Readonly<Record<string, OpenDecoder>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  // Some servers leave out the zlib header, in which the low four bits of the first byte are 8.
  deflate: ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
}

const MAX_SHOWN_LENGTH = 40

/**
 * The bytes of a body without its Content-Encoding, in small pieces, so that the reader can stop at any size.
 * @throws ContentEncodingError for an unknown encoding, or while reading a body that is not valid
 */
export function decodeBody(body: Readable, encoding: string | undefined): AsyncIterable<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return body
  const open = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (open === undefined) {
    const shown = name.slice(0, MAX_SHOWN_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?')
    throw new ContentEncodingError(`its content-encoding "${shown}" is unknown`)
  }
  return decode(body, name, open)
}

async function* decode(body: Readable, name: string, open: OpenDecoder): AsyncIterable<Buffer> {
  const source: { error?: unknown } = {}
  const chunks = body[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done === true) return
  async function* compressed(): AsyncIterable<Buffer> {
    try {
      yield first.value
      for await (const chunk of chunks) yield chunk
    } catch (error: unknown) {
      source.error = error
      throw error
    }
  }
  const decoder = open(first.value)
  // If either side ends early, this ends the other one. The error is thrown by the loop below.
  pipeline(Readable.from(compressed()), decoder, () => {})
  try {
    for await (const chunk of decoder) yield chunk
  } catch (error: unknown) {
    if ('error' in source) throw source.error
    throw new ContentEncodingError(`it is not valid ${name}`, { cause: error })
  }
}
