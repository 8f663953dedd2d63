import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

import { createLogger, type Logger } from '@warren/runtime'

import type { LogLine } from './question-progress.ts'

/** The demo's logs: one file per program, as an operator has them. Every line also goes to a callback. */
export class DemoLogs implements AsyncDisposable {
  readonly #folder: string
  readonly #onLine: (line: LogLine) => void
  readonly #streams: WriteStream[] = []

  constructor(folder: string, onLine: (line: LogLine) => void) {
    this.#folder = folder
    this.#onLine = onLine
  }

  /** A logger that writes to `component.log`, or to `component-hospital.log` with the hospital in every line. */
  logger(component: string, hospital?: string): Logger {
    const name = hospital === undefined ? component : `${component}-${hospital}`
    const stream = createWriteStream(join(this.#folder, `${name}.log`))
    this.#streams.push(stream)
    const log = createLogger({
      component,
      // The report on these logs can then show every single poll.
      level: 'debug',
      format: 'json',
      destination: {
        write: (text) => {
          stream.write(text)
          this.#onLine(JSON.parse(text))
        },
      },
    })
    return hospital === undefined ? log : log.child({ hospital })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.end()
    await Promise.all(this.#streams.map((stream) => finished(stream)))
  }
}
