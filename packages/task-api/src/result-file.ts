import { ResultFormatError } from './format-error.ts'
import { GrowingBytes } from './growing-bytes.ts'

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

/** A file of which the base64 text may be bytes: as a string, that of a large file takes as much memory again. */
export interface EncodedFile extends Omit<ResultFile, 'file_data'> {
  readonly file_data: string | Buffer
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
): EncodedFile {
  const data = new GrowingBytes()
  let size = 0
  let rest = Buffer.alloc(0)
  for (const piece of pieces) {
    const added = Buffer.from(piece)
    size += added.length
    const bytes = Buffer.concat([rest, added])
    // base64 encodes 3 bytes at a time.
    const whole = bytes.length - (bytes.length % 3)
    data.append(bytes.toString('base64', 0, whole))
    rest = bytes.subarray(whole)
  }
  data.append(rest.toString('base64'))
  const { name, description, sensitive } = content
  return {
    file_name: name,
    file_data: data.toBuffer(),
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
export function fileText(file: EncodedFile): string {
  checkBase64(file)
  const data = Buffer.concat([...base64Pieces(file)].map((piece) => Buffer.from(piece, 'base64')))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data)
  } catch (error: unknown) {
    throw badFile(file, 'is not UTF-8 text', error)
  }
}

/**
 * The text of a file in pieces, so that the text of a large file is never in memory as a whole. Bytes that are not UTF-8
 * become U+FFFD, because a piece is used before the next one is read.
 * @throws ResultFormatError before the first piece if the data is not base64.
 */
export function fileTextPieces(file: EncodedFile): Iterable<string> {
  checkBase64(file)
  return decodePieces(file)
}

function* decodePieces(file: EncodedFile): Generator<string> {
  const decoder = new TextDecoder()
  // One buffer for all pieces: a large file has hundreds of them, and memory outside the heap is freed late.
  const bytes = Buffer.allocUnsafe((PIECE_LENGTH / 4 + 1) * 3)
  for (const piece of base64Pieces(file)) {
    const length = bytes.write(piece, 'base64')
    yield decoder.decode(bytes.subarray(0, length), { stream: true })
  }
  yield decoder.decode()
}

const PIECE_LENGTH = 65_536

/** The base64 text without white space, in pieces. Each but the last decodes on its own. */
function* base64Pieces({ file_data: data }: EncodedFile): Generator<string> {
  let rest = ''
  for (let start = 0; start < data.length; start += PIECE_LENGTH) {
    const end = start + PIECE_LENGTH
    const piece =
      typeof data === 'string' ? data.slice(start, end) : data.toString('latin1', start, end)
    const text = rest + piece.replaceAll(/\s+/g, '')
    const whole = text.length - (text.length % 4)
    rest = text.slice(whole)
    if (whole > 0) yield text.slice(0, whole)
  }
  if (rest !== '') yield rest
}

/** Buffer skips invalid characters, and accepts any bits after the last byte. */
function checkBase64(file: EncodedFile): void {
  let last = ''
  for (const piece of base64Pieces(file)) {
    const hasEnded = last.endsWith('=')
    last = piece.slice(-4)
    const isBase64 =
      !hasEnded &&
      piece.length % 4 === 0 &&
      !/[^A-Za-z0-9+/]/.test(piece.slice(0, -2)) &&
      Buffer.from(last, 'base64').toString('base64') === last
    if (!isBase64) throw badFile(file, 'is not base64')
  }
}

function badFile(file: EncodedFile, message: string, cause?: unknown): ResultFormatError {
  const path = `${file.file_name === '' ? 'file' : file.file_name}.file_data`
  return new ResultFormatError([{ path, message }], cause === undefined ? undefined : { cause })
}
