import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'

/** What a tool between the program and the report added to each line. */
export interface Wrapper {
  /** Name in the report, such as `kubectl (prefix, timestamps)`. */
  readonly name: string
  /** A line that it unwraps may contain line ends. */
  readonly holdsLineEnds?: boolean
  /**
   * Narrows `view` to the program's own line and sets its time and origin. Returns false and leaves `view` unchanged if the line is not
   * wrapped this way.
   */
  unwrap(view: LineView): boolean
  /** The labels of an origin that is numbered in `view.origin`. */
  labels(origin: number): SourceLabels
}

/** Origins (pods, containers) per file; more than this have no labels. */
export const MAX_ORIGINS = 2_000

/** Raw lines without a wrapper. */
export const NO_WRAPPER: Wrapper = {
  name: 'none',
  unwrap: () => true,
  labels: () => ({}),
}
