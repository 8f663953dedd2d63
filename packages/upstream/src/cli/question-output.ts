import { readableRows } from '@warren/task-api'
import { type CliIo, columnsOf, csvLine, formatTable, styles, wrapWords } from '@warren/runtime'
import type { QuestionView } from '../http/question-view.ts'

/** What an answer says: a number or a table, and how many nodes answered. In a pipe: tab-separated. Empty without an answer. */
export function formatAnswer({ state, count, message, result }: QuestionView, io: CliIo): string {
  if (state !== 'answered' || count === null || result === null) return ''
  const note = message ?? ''
  const rows = readableRows(result)
  const cells = rows.map((row) => [row.code, row.description, row.category, row.people])
  if (io.stdout.isTTY !== true) {
    if (rows.length > 0) return formatTable(cells, { tty: false })
    return `${count}\t${note.replaceAll(/[\t\r\n]+/g, ' ')}\n`
  }
  const columns = columnsOf(io.stdout, io.env)
  const { bold, dim } = styles(io.stdout, io.env)
  const isDistribution = result.queryResult.files.length > 0
  const head = ['code', 'description', 'category', 'people']
  const table = rows.length === 0 ? '' : formatTable(cells, { head, tty: true, columns })
  const total = `${bold(grouped(count))} ${isDistribution ? 'rows' : 'people'}\n`
  const notes = note === '' ? [] : wrapWords(note, columns).map((line) => `${dim(line)}\n`)
  return table + total + notes.join('')
}

/** CSV with a header: the rows of a distribution, or one line with the number. Texts are safe in a spreadsheet. */
export function toCsv({ uuid, state, count, message, result }: QuestionView): string {
  if (result === null || result.queryResult.files.length === 0) {
    return (
      csvLine(['question', 'state', 'people', 'message']) +
      csvLine([uuid, state, count ?? '', message ?? ''])
    )
  }
  return [
    csvLine(['code', 'description', 'category', 'people', 'alternatives']),
    ...readableRows(result).map((row) =>
      csvLine([row.code, row.description, row.category, row.people, row.alternatives]),
    ),
  ].join('')
}

/** The question with the rows of its distribution decoded, and with the files as they were received. */
export function toJson(question: QuestionView): string {
  const { result } = question
  const hasFiles = result !== null && result.queryResult.files.length > 0
  const decoded = hasFiles ? { ...question, rows: readableRows(result) } : question
  return `${JSON.stringify(decoded, null, 2)}\n`
}

/** `1,130` */
function grouped(count: number): string {
  return new Intl.NumberFormat('en-GB').format(count)
}
