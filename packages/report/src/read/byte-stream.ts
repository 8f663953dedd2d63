import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** Bytes per read. Large enough to make system calls cheap, small enough that two buffers do not matter. */
export const CHUNK_BYTES = 512 * 1024

/** Receives problems with a file. They go into the report and do not stop it. */
export type OnProblem = (text: string) => void

/**
 * Two buffers that files are read into in turn. All files share one pair: a source keeps a reference to its last line, so with
 * buffers of its own every file would keep one in memory.
 */
export class ChunkBuffers {
  readonly #buffers: readonly [Buffer, Buffer]
  #turn = 0

  constructor(bytes = CHUNK_BYTES) {
    this.#buffers = [Buffer.allocUnsafe(bytes), Buffer.allocUnsafe(bytes)]
  }

  get current(): Buffer {
    return this.#buffers[this.#turn] ?? this.#buffers[0]
  }

  turn(): Buffer {
    this.#turn ^= 1
    return this.current
  }
}

/** The bytes of an uncompressed file. A chunk is only valid until the next one is requested. */
export async function* fileChunks(
  path: string,
  buffers: ChunkBuffers,
  from = 0,
): AsyncGenerator<Buffer> {
  await using file = await open(path, 'r')
  let position = from
  const next = (): Promise<{ bytesRead: number }> => {
    const buffer = buffers.turn()
    return file.read(buffer, 0, buffer.length, position)
  }
  let reading = next()
  for (;;) {
    const { bytesRead } = await reading
    const chunk = buffers.current.subarray(0, bytesRead)
    if (bytesRead === 0) return
    position += bytesRead
    // Read the next chunk from disk while this one is processed.
    reading = next()
    yield chunk
  }
}

/** At most the first `bytes` of a stream. */
export async function* limited(
  chunks: AsyncIterable<Buffer>,
  bytes: number,
): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left)
    left -= chunk.length
    if (left <= 0) return
  }
}

/** The beginning and the end of an uncompressed file, together `bytes`, without the lines that are cut. */
export async function* endsOf(
  path: string,
  bytes: number,
  buffers: ChunkBuffers,
): AsyncGenerator<Buffer> {
  const half = Math.floor(bytes / 2)
  let last: Buffer | undefined
  for await (const chunk of limited(fileChunks(path, buffers), half)) {
    if (last !== undefined) yield last
    last = Buffer.from(chunk)
  }
  if (last !== undefined) yield last.subarray(0, last.lastIndexOf(10) + 1)
  const { size } = await stat(path)
  let begun = false
  for await (const chunk of fileChunks(path, buffers, size - half)) {
    const start: number = begun ? 0 : chunk.indexOf(10) + 1
    begun ||= start > 0
    if (begun) yield chunk.subarray(start)
  }
}

/** Returns the first bytes of a stream, and the whole stream including them. */
export async function peek(
  chunks: AsyncIterable<Buffer>,
  bytes: number,
): Promise<{ head: Buffer; all: AsyncGenerator<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const kept: Buffer[] = []
  let length = 0
  while (length < bytes) {
    const { done, value } = await iterator.next()
    if (done === true) break
    kept.push(Buffer.from(value))
    length += value.length
  }
  const head = Buffer.concat(kept)
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head
      for (;;) {
        const { done, value } = await iterator.next()
        if (done === true) return
        yield value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { head, all: all() }
}

export function isGzip(head: Buffer): boolean {
  return head.length > 2 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8
}

/** Decompresses. A truncated or damaged file gives the bytes that can be read, and a problem. */
export async function* gunzip(
  chunks: AsyncIterable<Buffer>,
  onProblem: OnProblem,
): AsyncGenerator<Buffer> {
  // Copy the chunks: the reader reuses its buffers while the decompressor may still need them.
  const copies = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) yield Buffer.from(chunk)
  }
  const source = Readable.from(copies(), { objectMode: true, highWaterMark: 1 })
  const unpacked = createGunzip({ chunkSize: 256 * 1024 })
  source.on('error', (error) => unpacked.destroy(error))
  source.pipe(unpacked)
  try {
    for await (const chunk of unpacked) if (Buffer.isBuffer(chunk)) yield chunk
  } catch (error: unknown) {
    onProblem(
      `the compressed file is truncated or damaged: ${error instanceof Error ? error.message : String(error)}`,
    )
  } finally {
    source.destroy()
    unpacked.destroy()
  }
}

/** `utf-16le` or `utf-16be` if there is such a byte order mark, as in output that PowerShell redirects. */
export function wideEncoding(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  return undefined
}

export async function* decodeWide(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of chunks)
    yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8')
  yield Buffer.from(decoder.decode(), 'utf8')
}

/** Removes the byte order mark of UTF-8. */
export async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true
  for await (const chunk of chunks) {
    const marked = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf
    first = false
    yield marked ? chunk.subarray(3) : chunk
  }
}
