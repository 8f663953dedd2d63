import { ResultFormatError } from './format-error.ts'

/** A file inside a result, with the member names of the wire format. */
export interface ResultFile {
  readonly file_name: string
  /** base64 (standard alphabet, padded) of UTF-8 text. */
  readonly file_data: string
  readonly file_description: string | null
  readonly file_reference: string
  readonly file_sensitive: boolean
  /** Bytes of decoded text if a relay sends it, thousands of base64 characters if a bunny does. Not checked. */
  readonly file_size: number
  readonly file_type: string
}

export interface ResultFileContent {
  readonly name: string
  readonly text: string
  readonly description: string | null
  readonly sensitive: boolean
  /** `decoded`: bytes of the text (sent by a relay); `encoded-kb`: base64 characters / 1000 (sent by a bunny). */
  readonly size?: 'decoded' | 'encoded-kb'
  /** False leaves the text unencoded, for people to read. No receiver can decode it. */
  readonly encode?: boolean
}

/** A file of which the text is encoded piece by piece, and is never in memory as a whole. Its size is that of the text. */
export function resultFileOfPieces(
  content: Pick<ResultFileContent, 'name' | 'description' | 'sensitive'>,
  pieces: Iterable<string>,
): ResultFile {
  const encoded: string[] = []
  let size = 0
  let rest = Buffer.alloc(0)
  for (const piece of pieces) {
    const added = Buffer.from(piece)
    size += added.length
    const bytes = Buffer.concat([rest, added])
    // base64 encodes 3 bytes at a time.
    const whole = bytes.length - (bytes.length % 3)
    encoded.push(bytes.toString('base64', 0, whole))
    rest = bytes.subarray(whole)
  }
  encoded.push(rest.toString('base64'))
  const { name, description, sensitive } = content
  return {
    file_name: name,
    file_data: encoded.join(''),
    file_description: description,
    file_reference: '',
    file_sensitive: sensitive,
    file_size: size,
    file_type: 'BCOS',
  }
}

export function resultFile(content: ResultFileContent): ResultFile {
  const { name, text, description, sensitive, size = 'decoded', encode = true } = content
  const bytes = Buffer.from(text, 'utf8')
  const data = encode ? bytes.toString('base64') : text
  const kilobytes = (encode ? data.length : bytes.length) / 1000
  return {
    file_name: name,
    file_data: data,
    file_description: description,
    file_reference: '',
    file_sensitive: sensitive,
    file_size: size === 'decoded' ? bytes.length : kilobytes,
    file_type: 'BCOS',
  }
}

/**
 * The text of a file. Allows white space in the base64, like other decoders.
 * @throws ResultFormatError if the data is not base64 of UTF-8.
 */
export function fileText(file: ResultFile): string {
  const data = base64Of(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'))
  } catch (error: unknown) {
    throw badFile(file, 'is not UTF-8 text', error)
  }
}

// A multiple of 4: every piece decodes on its own.
const PIECE_LENGTH = 65_536

/**
 * The text of a file in pieces, so that the text of a large file is never in memory as a whole. Bytes that are not UTF-8
 * become U+FFFD, because a piece is used before the next one is read.
 * @throws ResultFormatError before the first piece if the data is not base64.
 */
export function fileTextPieces(file: ResultFile): Iterable<string> {
  return decodePieces(base64Of(file))
}

function* decodePieces(data: string): Generator<string> {
  const decoder = new TextDecoder()
  // One buffer for all pieces: a large file has hundreds of them, and memory outside the heap is freed late.
  const bytes = Buffer.allocUnsafe((PIECE_LENGTH / 4) * 3)
  for (let start = 0; start < data.length; start += PIECE_LENGTH) {
    const length = bytes.write(data.slice(start, start + PIECE_LENGTH), 'base64')
    yield decoder.decode(bytes.subarray(0, length), { stream: true })
  }
  yield decoder.decode()
}

function base64Of(file: ResultFile): string {
  const data = file.file_data.replaceAll(/\s+/g, '')
  // Buffer skips invalid characters, and accepts any bits after the last byte.
  const last = data.slice(-4)
  const isBase64 =
    data.length % 4 === 0 &&
    !/[^A-Za-z0-9+/]/.test(data.slice(0, -2)) &&
    Buffer.from(last, 'base64').toString('base64') === last
  if (!isBase64) throw badFile(file, 'is not base64')
  return data
}

function badFile(file: ResultFile, message: string, cause?: unknown): ResultFormatError {
  const path = `${file.file_name === '' ? 'file' : file.file_name}.file_data`
  return new ResultFormatError([{ path, message }], cause === undefined ? undefined : { cause })
}
