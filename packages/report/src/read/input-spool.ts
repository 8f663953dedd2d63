import { mkdtemp, open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A larger input is read once only. */
const MAX_BYTES = 2 * 1024 ** 3
const READ_BYTES = 512 * 1024

/**
 * An input that can be read once, such as standard input, kept in a temporary file so that it can be read again. The file has no name
 * while it is used, so it is gone even if the process is killed.
 */
export class InputSpool implements AsyncDisposable {
  readonly #input: AsyncIterable<Buffer | string>
  readonly #maxBytes: number
  #folder = ''
  #file: FileHandle | undefined
  #size = 0
  #read = false

  /** @param maxBytes for tests */
  constructor(input: AsyncIterable<Buffer | string>, maxBytes = MAX_BYTES) {
    this.#input = input
    this.#maxBytes = maxBytes
  }

  /** The input was read, and can be read again. False if it was too large or the disk is full. */
  get repeatable(): boolean {
    return this.#read && this.#file !== undefined
  }

  /** The first time, the input itself; after that, what was kept of it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.#read) {
      yield* this.#kept()
      return
    }
    await this.#open()
    for await (const chunk of this.#input) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      await this.#keep(bytes)
      yield bytes
    }
    this.#read = true
  }

  async *#kept(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.#size;) {
      const buffer = Buffer.allocUnsafe(READ_BYTES)
      const found = await this.#file?.read(buffer, 0, READ_BYTES, at)
      const bytesRead = found?.bytesRead ?? 0
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  async #open(): Promise<void> {
    try {
      this.#folder = await mkdtemp(join(tmpdir(), 'warren-report-'))
      this.#file = await open(join(this.#folder, 'input'), 'wx+', 0o600)
      // Some systems cannot remove an open file: then it is removed at the end.
      await this.#remove().catch(() => undefined)
    } catch {
      await this.#giveUp()
    }
  }

  async #keep(bytes: Buffer): Promise<void> {
    if (this.#file === undefined) return
    try {
      if (this.#size + bytes.length > this.#maxBytes) throw new Error('the input is too large')
      await this.#file.writeFile(bytes)
      this.#size += bytes.length
    } catch {
      await this.#giveUp()
    }
  }

  /** The report does not fail because the input cannot be kept. */
  async #giveUp(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
    await this.#remove().catch(() => undefined)
  }

  async #remove(): Promise<void> {
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#giveUp()
  }
}
