import { MAX_LINE_BYTES } from '../line-splitter.ts'
import type { LineView } from '../line-view.ts'

// All files share it: a line is finished before the next one is read.
const SCRATCH = Buffer.allocUnsafe(MAX_LINE_BYTES)

/** Replaces the line in the view. What does not fit is dropped. */
export function writeLine(view: LineView, text: string): void {
  view.end = SCRATCH.write(text, 0, 'utf8')
  view.buf = SCRATCH
  view.start = 0
}
