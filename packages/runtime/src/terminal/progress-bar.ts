import { Writable } from 'node:stream'

import { SingleBar } from 'cli-progress'

import type { OutputStream } from './cli-io.ts'

export interface ProgressBar {
  /** Says how much of `total` is done so far. */
  update(done: number): void
  /** Ends the bar's line; to be called on failure too. */
  stop(): void
}

/** A progress bar for the person at a terminal; silent when `stream` is a pipe or a file. */
export function progressBar(options: {
  title: string
  total: number
  stream: OutputStream
}): ProgressBar {
  const { title, total, stream } = options
  if (stream.isTTY !== true) return { update: () => {}, stop: () => {} }

  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% {value}/{total}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    stream: terminal(stream),
    // Its own signal handlers end the process before resources are released; ours do not.
    gracefulExit: false,
    hideCursor: false,
  })
  bar.start(total, 0)
  return {
    update: (done) => bar.update(Math.min(done, total)),
    stop: () => bar.stop(),
  }
}

/** The bar asks for a complete stream; ours may be any object with `write`. */
function terminal(stream: OutputStream): Writable {
  const writable = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      stream.write(String(chunk))
      done()
    },
  })
  return Object.assign(writable, { isTTY: true, columns: stream.columns ?? 80 })
}
