/** What one node can add to a combined result, and how large that gets. One node cannot spoil the part of the others. */
export interface CombineBounds {
  /** Largest number of people in one count of one node. */
  readonly maxNodeCount: number
  /** Rows of one node that are read. */
  readonly maxNodeRows: number
  /** Size of the combined result as JSON text. */
  readonly maxCombinedBytes: number
}

/** Longest line of a file of a node, in characters. Longer ones are left out. */
export const MAX_LINE_LENGTH = 65_536
/** Longest CODE of a row, in characters. A row with a longer one is left out. */
export const MAX_CODE_LENGTH = 100
/** Longest name in a row, in characters. Longer ones are cut. */
export const MAX_NAME_LENGTH = 500
/** Files of one node that are read. */
export const MAX_FILES = 16
