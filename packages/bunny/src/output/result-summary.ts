import { type EncodedResult, isFailure, readableRows } from '@warren/task-api'
import { columnsOf, csvLine, formatTable, styles, wrapWords, type CliIo } from '@warren/runtime'

/** What a result says, for people: the number, or a table for a distribution. */
export function summarise(result: EncodedResult, io: CliIo): string {
  const paint = styles(io.stdout, io.env)
  const columns = columnsOf(io.stdout, io.env)
  if (isFailure(result)) {
    const reason = result.message ?? 'no reason is given'
    return `${wrapWords(`${paint.red('not answered')}: ${reason}`, columns).join('\n')}\n`
  }
  const { count, files } = result.queryResult
  const rows = readableRows(result)
  if (files.length === 0) return `${paint.bold(formatCount(count))} people\n`
  if (rows.length === 0) return 'no rows: every count is suppressed, or there are none\n'
  const head = ['code', 'description', 'category', 'people']
  const cells = rows.map((row) => [row.code, row.description, row.category, row.people])
  const counted = `${formatCount(rows.length)} row${rows.length === 1 ? '' : 's'}`
  return `${formatTable(cells, { head, tty: true, columns })}${counted}\n`
}

/** The rows of a distribution, or the number of an availability task, as CSV with a header. */
export function toCsv(result: EncodedResult): string {
  const { uuid, queryResult } = result
  if (queryResult.files.length === 0) {
    const isKnown = !isFailure(result)
    return (
      csvLine(['task', 'status', 'people', 'message']) +
      csvLine([uuid, result.status, isKnown ? queryResult.count : '', result.message ?? ''])
    )
  }
  const rows = readableRows(result)
  const head = csvLine(['code', 'description', 'category', 'people', 'alternatives'])
  return (
    head +
    rows
      .map((row) =>
        csvLine([row.code, row.description, row.category, row.people, row.alternatives]),
      )
      .join('')
  )
}

/** `1,130` */
const formatCount = (count: number): string => new Intl.NumberFormat('en-GB').format(count)
