import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'

/** What something between the program and us put around each of its lines. */
export interface Wrapper {
  /** As the report names it, such as `kubectl (prefix, timestamps)`. */
  readonly name: string
  /**
   * Narrows `view` to what the program wrote and fills in time and origin. False, with the view untouched, if this line is not
   * wrapped this way.
   */
  unwrap(view: LineView): boolean
  /** What the wrapper says about an origin it numbered in `view.origin`. */
  labels(origin: number): SourceLabels
}

/** Origins (pods, containers) a wrapper has named; more than this in one file go by without a name. */
export const MAX_ORIGINS = 2_000

/** Raw lines: nothing to take off. */
export const NO_WRAPPER: Wrapper = {
  name: 'none',
  unwrap: () => true,
  labels: () => ({}),
}
