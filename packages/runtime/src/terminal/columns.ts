import type { OutputStream } from './output-stream.ts'

const DEFAULT_COLUMNS = 80
/** The smallest width that layouts support. */
const MIN_COLUMNS = 20

/**
 * The number of columns to write for: the width of the terminal, or `COLUMNS` if it is smaller. In a pipe it is
 * `COLUMNS`, or 80.
 */
export function columnsOf(stream: OutputStream, env: NodeJS.ProcessEnv): number {
  const known = [Number(env['COLUMNS']), stream.isTTY === true ? Number(stream.columns) : 0]
  const columns = Math.min(...known.filter((value) => Number.isInteger(value) && value > 0))
  return Number.isFinite(columns) ? Math.max(MIN_COLUMNS, columns) : DEFAULT_COLUMNS
}
