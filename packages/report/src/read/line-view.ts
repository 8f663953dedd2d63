/**
 * The current line. One object is reused for all lines, so that an uninteresting line needs no allocation. Copy whatever must be
 * kept.
 */
export class LineView {
  buf: Buffer = Buffer.alloc(0)
  /** [start, end) of `buf` is the program's own line, without wrapper, line end and colour codes. */
  start = 0
  end = 0
  /** Number of the physical line in its file, from 1. */
  line = 0
  /** Time in the wrapper, milliseconds since the epoch; NaN if there is none. */
  wrapperTime = Number.NaN
  /** Number of the pod (or other origin) in the wrapper; 0 if there is none. */
  origin = 0
  /** The line was truncated. */
  shortened = false
  /** Partial CRI line: the next line of this origin continues it. */
  partial = false
}
