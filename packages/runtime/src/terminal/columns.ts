import type { OutputStream } from './cli-io.ts'

const DEFAULT_COLUMNS = 80
/** Narrower than this nothing can be laid out. */
const MIN_COLUMNS = 20

/**
 * How many columns to write for: the width of the terminal, or `COLUMNS` where it is smaller or where there is no
 * terminal, or 80.
 */
export function columnsOf(stream: OutputStream, env: NodeJS.ProcessEnv): number {
  const known = [Number(env['COLUMNS']), stream.isTTY === true ? Number(stream.columns) : 0]
  const columns = Math.min(...known.filter((value) => Number.isInteger(value) && value > 0))
  return Number.isFinite(columns) ? Math.max(MIN_COLUMNS, columns) : DEFAULT_COLUMNS
}
