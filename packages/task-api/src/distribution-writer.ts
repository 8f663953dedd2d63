import { columnsOf, distributionLine, type DistributionFileName } from './distribution-file.ts'
import type { DistributionRow } from './distribution-row.ts'
import { GrowingBytes } from './growing-bytes.ts'
import type { EncodedFile, ResultFileContent } from './result-file.ts'

const PIECE_LENGTH = 48_000

/**
 * Writes a distribution file row by row, so that neither its rows nor its text are in memory as a whole. The text is the same
 * as that of `encodeDistribution`, and the file the same as that of `resultFile`, but encoded data are bytes.
 */
export class DistributionWriter {
  readonly #name: DistributionFileName
  readonly #encode: boolean
  /** The base64 text, or the text itself. */
  #encoded = new GrowingBytes()
  #readable: string[] = []
  #bytes = 0
  #text = ''
  #rest = Buffer.alloc(0)
  #rows = 0

  constructor(name: DistributionFileName, options: { encode: boolean }) {
    this.#name = name
    this.#encode = options.encode
    this.clear()
  }

  /** How many rows were added. */
  get rows(): number {
    return this.#rows
  }

  /** Starts again without rows. */
  clear(): void {
    this.#encoded = new GrowingBytes()
    this.#readable = []
    this.#bytes = 0
    this.#text = columnsOf(this.#name).join('\t')
    this.#rest = Buffer.alloc(0)
    this.#rows = 0
  }

  add(row: DistributionRow): void {
    // The last row stays here: white space at the end of the file is trimmed.
    if (this.#text.length > PIECE_LENGTH) {
      const line = this.#text.lastIndexOf('\n')
      this.#write(this.#text.slice(0, line))
      this.#text = this.#text.slice(line)
    }
    this.#text += `\n${distributionLine(this.#name, row)}`
    this.#rows += 1
  }

  /** Ends the file. `file_size` is that of a bunny: thousands of characters. */
  end(content: Pick<ResultFileContent, 'description' | 'sensitive'>): EncodedFile {
    this.#write(this.#text.trimEnd())
    this.#encoded.append(this.#rest.toString('base64'))
    const data = this.#encode ? this.#encoded.toBuffer() : this.#readable.join('')
    const size = this.#encode ? data.length : this.#bytes
    this.clear()
    return {
      file_name: this.#name,
      file_data: data,
      file_description: content.description,
      file_reference: '',
      file_sensitive: content.sensitive,
      file_size: size / 1000,
      file_type: 'BCOS',
    }
  }

  #write(text: string): void {
    const added = Buffer.from(text)
    this.#bytes += added.length
    if (!this.#encode) {
      this.#readable.push(text)
      return
    }
    const bytes = Buffer.concat([this.#rest, added])
    // Base64 encodes 3 bytes at a time.
    const whole = bytes.length - (bytes.length % 3)
    this.#encoded.append(bytes.toString('base64', 0, whole))
    this.#rest = bytes.subarray(whole)
  }
}
