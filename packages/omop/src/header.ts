import { isReadByTasks, type CdmColumn, type CdmTable } from '@warren/cdm'
import { fieldReader, type FieldReader } from './field-reader.ts'

export interface MappedColumn {
  readonly column: CdmColumn
  /** Index of the field in a record. */
  readonly field: number
  readonly read: FieldReader
  /** Index of the column in a batch. */
  readonly index: number
  /** Whether a value that cannot be read rejects its row. */
  readonly isRead: boolean
}

export interface Header {
  /** The number of fields in each record. */
  readonly width: number
  readonly mapped: readonly MappedColumn[]
  readonly unknown: UnknownColumns
}

export interface UnknownColumns {
  readonly count: number
  /** Empty unless every name in the first line is certainly the name of a column. */
  readonly names: readonly string[]
}

export interface HeaderProblem {
  readonly column: string
  readonly message: string
}

const MAX_NAMES = 20
const NO_COLUMNS: UnknownColumns = { count: 0, names: [] }

/** A header that maps nothing, so that no line after it is read as data. */
export const UNREADABLE_HEADER: Header = { width: 0, mapped: [], unknown: NO_COLUMNS }

/** Maps the fields of the first record to the columns of the table. */
export function readHeader(
  fields: readonly string[],
  table: CdmTable,
): Header & { readonly problems: readonly HeaderProblem[] } {
  const names = fields.map((field) => field.trim().toLowerCase())
  const problems: HeaderProblem[] = []
  const mapped: MappedColumn[] = []
  for (const [index, column] of table.columns.entries()) {
    const field = names.indexOf(column.name)
    if (field >= 0) {
      const isRead = isReadByTasks(table, column)
      mapped.push({ column, field, read: fieldReader(column.type), index, isRead })
    }
    if (field !== names.lastIndexOf(column.name)) {
      problems.push({ column: column.name, message: 'the column occurs twice in the first line' })
    }
    // The names found are not printed: without a header they are data of the first patient.
    if (field < 0 && column.required) {
      const separators =
        names.length === 1 ? ': separate columns by commas, tabs, semicolons or |' : ''
      const message = `the column is missing in the first line${separators}`
      problems.push({ column: column.name, message })
    }
  }
  const unknown = problems.length > 0 ? NO_COLUMNS : unknownColumns(names, table)
  return { width: names.length, mapped, problems, unknown }
}

/**
 * The names that the table does not have. If the first line ends in an unusual way, it contains the first patients too, so
 * no name is given unless all look like names.
 */
function unknownColumns(names: readonly string[], table: CdmTable): UnknownColumns {
  const known = new Set(table.columns.map(({ name }) => name))
  const unknown = names.filter((name) => name !== '' && !known.has(name))
  const areNames =
    new Set(names).size === names.length &&
    unknown.every((name) => /^[a-z][a-z0-9_]{0,62}$/.test(name))
  return { count: unknown.length, names: areNames ? unknown.slice(0, MAX_NAMES) : [] }
}
