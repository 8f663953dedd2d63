/**
 * The line being looked at: one object for the whole run, filled anew for every line, so that an uninteresting line costs no
 * allocation. Whoever wants to keep something copies it out.
 */
export class LineView {
  buf: Buffer = Buffer.alloc(0)
  /** What the program wrote, without wrapper, line end and colour codes, is [start, end) of `buf`. */
  start = 0
  end = 0
  /** 1-based number of the physical line in its file. */
  line = 0
  /** Time the wrapper states, milliseconds since the epoch; NaN if it states none. */
  wrapperTime = Number.NaN
  /** Number of the pod (or other origin) the wrapper names; 0 if it names none. */
  origin = 0
  /** The line was longer than we look at. */
  shortened = false
  /** CRI partial line: the next line of this origin continues it. */
  partial = false
}
