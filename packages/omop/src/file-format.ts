/** How the bytes of a file are decoded. */
export type Compression = 'gzip' | 'zstd' | 'none'
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** The file cannot be read as a table of text. `message` says why and what to do, without any of its content. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

/** As many bytes as any signature below needs. */
export const SIGNATURE_BYTES = 16

interface Signature {
  readonly bytes: readonly number[]
  readonly is: string
  readonly advice: string
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')]

/** Formats that look like a file of a table and are not read. */
const SIGNATURES: readonly Signature[] = [
  {
    bytes: ascii('PK\u0003\u0004'),
    is: 'a ZIP archive or an Excel workbook',
    advice: 'unzip it, or save the sheet as CSV UTF-8',
  },
  {
    bytes: ascii('PK\u0005\u0006'),
    is: 'an empty ZIP archive',
    advice: 'unzip it and load its files',
  },
  { bytes: ascii('BZh'), is: 'compressed with bzip2', advice: 'run bunzip2 on it' },
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    is: 'compressed with xz',
    advice: 'run unxz on it',
  },
  {
    bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
    is: 'a 7-Zip archive',
    advice: 'unpack it and load its files',
  },
  {
    bytes: ascii('PAR1'),
    is: 'a Parquet file',
    advice: 'convert it to CSV, for example with the COPY statement of DuckDB',
  },
  { bytes: ascii('ARROW1'), is: 'an Arrow file', advice: 'convert it to CSV' },
  { bytes: ascii('ORC'), is: 'an ORC file', advice: 'convert it to CSV' },
  { bytes: ascii('Obj\u0001'), is: 'an Avro file', advice: 'convert it to CSV' },
  { bytes: ascii('SQLite format 3'), is: 'an SQLite database', advice: 'export its tables to CSV' },
  {
    bytes: [0xd0, 0xcf, 0x11, 0xe0],
    is: 'an old Excel workbook',
    advice: 'save the sheet as CSV UTF-8',
  },
  { bytes: ascii('%PDF'), is: 'a PDF document', advice: 'export the table to CSV' },
]

const GZIP = [0x1f, 0x8b]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]

/** By the first bytes of a file, and not by its name: files are renamed more often than converted. */
export function compressionOf(start: Buffer): Compression {
  if (startsWith(start, GZIP)) return 'gzip'
  return startsWith(start, ZSTD) ? 'zstd' : 'none'
}

/**
 * The encoding of a text, by its byte order mark. Without one it is UTF-8, unless every second byte is zero, as in the
 * UTF-16 of a line with column names. Throws `UnreadableFile` for a format that is not text.
 */
export function encodingOf(start: Buffer): Encoding {
  const format = SIGNATURES.find(({ bytes }) => startsWith(start, bytes))
  if (format !== undefined) throw new UnreadableFile(`is ${format.is}: ${format.advice}`)
  if (startsWith(start, [0xff, 0xfe, 0, 0]) || startsWith(start, [0, 0, 0xfe, 0xff])) {
    throw new UnreadableFile('is UTF-32 text: convert it with iconv -f UTF-32 -t UTF-8')
  }
  if (startsWith(start, [0xff, 0xfe])) return 'utf-16le'
  if (startsWith(start, [0xfe, 0xff])) return 'utf-16be'
  const pairs = start.subarray(0, start.length - (start.length % 2))
  const zeros = (offset: 0 | 1): number =>
    pairs.filter((byte, index) => index % 2 === offset && byte === 0).length
  const enough = pairs.length >= 4
  if (enough && zeros(1) === pairs.length / 2 && zeros(0) === 0) return 'utf-16le'
  if (enough && zeros(0) === pairs.length / 2 && zeros(1) === 0) return 'utf-16be'
  return 'utf-8'
}

function startsWith(start: Buffer, bytes: readonly number[]): boolean {
  return start.length >= bytes.length && bytes.every((byte, index) => start[index] === byte)
}
