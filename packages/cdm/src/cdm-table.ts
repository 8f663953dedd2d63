/**
 * `id`: 64-bit, because sites hash their keys. `concept`: 32-bit, as in the vocabulary. `number`: decimal. `timestamp`:
 * wall-clock time without a zone.
 */
export type CdmType = 'id' | 'concept' | 'integer' | 'number' | 'date' | 'timestamp' | 'text'

export interface CdmColumn {
  readonly name: string
  readonly type: CdmType
  /** Whether a row without a value is rejected. Fewer columns than are `NOT NULL` in the CDM: exports leave many empty. */
  readonly required: boolean
}

export interface CdmTable {
  readonly name: string
  readonly columns: readonly CdmColumn[]
  /** Name of the column that must be unique. */
  readonly key?: string
  readonly indexes: readonly { readonly name: string; readonly columns: readonly string[] }[]
}

/** A type, with `!` if a value is required. */
const NOTATIONS = {
  id: ['id', false],
  'id!': ['id', true],
  concept: ['concept', false],
  'concept!': ['concept', true],
  integer: ['integer', false],
  'integer!': ['integer', true],
  number: ['number', false],
  date: ['date', false],
  'date!': ['date', true],
  timestamp: ['timestamp', false],
  text: ['text', false],
  'text!': ['text', true],
} as const satisfies Record<string, readonly [CdmType, boolean]>

type Columns = Readonly<Record<string, keyof typeof NOTATIONS>>

/** Describes a table in the notation of `NOTATIONS`. */
export function table(
  name: string,
  columns: Columns,
  options: { key?: string; indexes?: Readonly<Record<string, readonly string[]>> } = {},
): CdmTable {
  return {
    name,
    columns: Object.entries(columns).map(([column, notation]) => {
      const [type, required] = NOTATIONS[notation]
      return { name: column, type, required }
    }),
    ...(options.key === undefined ? {} : { key: options.key }),
    indexes: Object.entries(options.indexes ?? {}).map(([index, indexed]) => ({
      name: index,
      columns: indexed,
    })),
  }
}
