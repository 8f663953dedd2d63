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
    // The bar draws on any stream with write(); its type asks for a complete one.
    stream: stream as unknown as NodeJS.WritableStream,
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
