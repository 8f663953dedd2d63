import { createReadStream } from 'node:fs'
import { pipeline, type Duplex } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { fileErrorReason } from '@warren/runtime'
import {
  compressionOf,
  encodingOf,
  SIGNATURE_BYTES,
  UnreadableFile,
  type Compression,
  type Encoding,
} from './file-format.ts'

const CHUNK_BYTES = 256 * 1024

export interface TextOptions {
  /** Called with the number of bytes read from disk so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/**
 * The text of a file in chunks: UTF-8 or UTF-16, compressed with gzip or zstd or not. Throws `UnreadableFile` if it is not
 * such a text.
 */
export async function* readText(path: string, options: TextOptions): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const progress = (): void => options.onBytes?.(file.bytesRead)
  let compression: Compression = 'none'
  let encoding: Encoding = 'utf-8'
  try {
    const raw = await peek(file[Symbol.asyncIterator]())
    compression = compressionOf(raw.start)
    if (compression === 'none' && /\.(?:gz|zst)$/i.test(path) && raw.start.length > 0) {
      throw new UnreadableFile('is not compressed: remove .gz or .zst from its name')
    }
    const unpacked = await peek(unpack(raw.all(), compression)[Symbol.asyncIterator]())
    encoding = encodingOf(unpacked.start)
    const decoder = new TextDecoder(encoding, { fatal: true })
    for await (const chunk of unpacked.all()) {
      progress()
      yield decoder.decode(chunk, { stream: true })
    }
    yield decoder.decode()
  } catch (error: unknown) {
    throw unreadable(error, compression, encoding) ?? error
  } finally {
    file.destroy()
  }
}

/** Reads until the start of a file is known, and then gives all of it. */
async function peek(chunks: AsyncIterator<Buffer>) {
  const first: Buffer[] = []
  let length = 0
  while (length < SIGNATURE_BYTES) {
    const next = await chunks.next()
    if (next.done === true) break
    first.push(next.value)
    length += next.value.length
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* first
    for (;;) {
      const next = await chunks.next()
      if (next.done === true) return
      yield next.value
    }
  }
  return { start: Buffer.concat(first).subarray(0, SIGNATURE_BYTES), all }
}

function unpack(bytes: AsyncGenerator<Buffer>, compression: Compression): AsyncIterable<Buffer> {
  if (compression === 'none') return bytes
  const transform: Duplex = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  // The callback prevents an unhandled error: reading throws it too.
  return pipeline(bytes, transform, () => {})
}

function unreadable(
  error: unknown,
  compression: Compression,
  encoding: Encoding,
): UnreadableFile | undefined {
  if (error instanceof UnreadableFile) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new UnreadableFile(
      encoding === 'utf-8'
        ? 'is not UTF-8 or UTF-16 text: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8'
        : 'is incomplete or invalid UTF-16 text: export it again',
      { cause: error },
    )
  }
  if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR_ZSTD')) {
    return new UnreadableFile(`is not a complete ${compression} file`, { cause: error })
  }
  if (code === 'EISDIR') return new UnreadableFile('is a folder, expected a file', { cause: error })
  if (/^E[A-Z]+$/.test(code)) {
    return new UnreadableFile(`cannot read the file: ${fileErrorReason(error, 'read')}`, {
      cause: error,
    })
  }
  return undefined
}
