import type { OutputStream } from './output-stream.ts'
import { LiveLine } from './live-line.ts'
import { displayWidth } from './text-width.ts'

const MAX_BAR_WIDTH = 30
const MIN_BAR_WIDTH = 5
const REDRAW_MS = 100

export interface ProgressBar {
  /** Sets how much of `total` is done. */
  update(done: number): void
  /** Ends the bar's line; call it on failure too. */
  stop(): void
}

/** A progress bar on a terminal; silent when `stream` is a pipe or a file. */
export function progressBar(options: {
  title: string
  total: number
  stream: OutputStream
  env?: NodeJS.ProcessEnv
}): ProgressBar {
  const { title, total, stream, env = process.env } = options
  const line = new LiveLine(stream, env)
  if (!line.live) return { update: () => {}, stop: () => {} }

  let done = 0
  let drawnAt = performance.now()
  const draw = (): void => {
    drawnAt = performance.now()
    line.draw(barText(title, done, total, line.width))
  }
  draw()
  return {
    update: (value) => {
      done = Math.min(value, total)
      if (performance.now() - drawnAt >= REDRAW_MS) draw()
    },
    stop: () => {
      draw()
      stream.write('\n')
    },
  }
}

/** The bar is left out where it would be too short to read. */
function barText(title: string, done: number, total: number, width: number): string {
  const share = total === 0 ? 1 : done / total
  const figures = `${Math.floor(share * 100)}% ${done}/${total}`
  const available = width - displayWidth(title) - displayWidth(figures) - 2
  if (available < MIN_BAR_WIDTH) return `${title} ${figures}`
  const size = Math.min(available, MAX_BAR_WIDTH)
  const filled = Math.floor(share * size)
  return `${title} ${'█'.repeat(filled)}${'░'.repeat(size - filled)} ${figures}`
}
