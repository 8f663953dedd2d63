import {
  decodeDistribution,
  isFailure,
  type DistributionRow,
  type EncodedResult,
} from '@warren/task-api'
import { columnsOf, formatTable, styles, wrapWords, type CliIo } from '@warren/runtime'
import { textPieces } from '../audit/what-left.ts'
import { csvLine } from './csv.ts'

/** What a result says, for people: the number, or a table for a distribution. */
export function summarise(result: EncodedResult, io: CliIo): string {
  const paint = styles(io.stdout, io.env)
  const columns = columnsOf(io.stdout, io.env)
  if (isFailure(result)) {
    const reason = result.message ?? 'no reason is given'
    return `${wrapWords(`${paint.red('not answered')}: ${reason}`, columns).join('\n')}\n`
  }
  const { count, files } = result.queryResult
  const rows = distributionRows(result)
  if (files.length === 0) return `${paint.bold(formatCount(count))} people\n`
  if (rows.length === 0) return 'no rows: every count is suppressed, or there are none\n'
  const head = ['code', 'description', 'category', 'people']
  const cells = rows.map((row) => [row.code, descriptionOf(row), row.category, row.count])
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
  const rows = distributionRows(result)
  const head = csvLine(['code', 'description', 'category', 'people', 'alternatives'])
  return (
    head +
    rows
      .map((row) =>
        csvLine([row.code, descriptionOf(row), row.category, row.count, row.alternatives]),
      )
      .join('')
  )
}

const descriptionOf = (row: DistributionRow): string =>
  [row.omopDescription === '' ? row.description : row.omopDescription, alternativesOf(row)]
    .filter((text) => text !== '')
    .join(': ')

/** `^Male|30^Female|30^` as `Male 30, Female 30`. */
function alternativesOf({ alternatives }: DistributionRow): string {
  return alternatives
    .split('^')
    .filter((part) => part !== '')
    .map((part) => part.replace('|', ' '))
    .join(', ')
}

function distributionRows({ queryResult }: EncodedResult): DistributionRow[] {
  return queryResult.files
    .filter(({ file_name }) => file_name.endsWith('.distribution'))
    .flatMap((file) => decodeDistribution([...textPieces(file)].join('')).rows)
}

/** `1,130` */
const formatCount = (count: number): string => new Intl.NumberFormat('en-GB').format(count)
