import type { CodePart, EventFacet, TableSwitch } from './facets.ts'

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

/** The columns of a table by name, in the notation of `NOTATIONS`. */
export type Columns = Readonly<Record<string, keyof typeof NOTATIONS>>

export interface CdmTable<Name extends string = string, Notation extends Columns = Columns> {
  readonly name: Name
  readonly columns: readonly CdmColumn[]
  /** The columns as they were described, for `CdmRow`. */
  readonly notation: Notation
  /** Name of the column that must be unique. */
  readonly key?: string
  readonly indexes: readonly { readonly name: string; readonly columns: readonly string[] }[]
  /** The switch without which tasks do not read the table. Absent: tasks always may. */
  readonly switch?: TableSwitch
  /** What its columns mean, if its rows are events in a person's life. */
  readonly event?: EventFacet
  /** The parts that its columns have in a code distribution. */
  readonly parts: readonly CodePart[]
}

/** A table whose rows are events in a person's life. */
export interface EventTable<
  Name extends string = string,
  Notation extends Columns = Columns,
  Domain extends string = string,
> extends CdmTable<Name, Notation> {
  readonly event: EventFacet
  readonly parts: readonly CodePart<Domain>[]
}

/** A row as a database returns it: dates are `YYYY-MM-DD`, times `YYYY-MM-DD HH:MM:SS`. */
export type CdmRow<Table extends CdmTable> = {
  readonly [Column in keyof Table['notation']]:
    | (Table['notation'][Column] extends `${'text' | 'date' | 'timestamp'}${string}`
        ? string
        : number)
    | null
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

interface TableOptions<Column extends string = string> {
  readonly key?: NoInfer<Column>
  readonly indexes?: Readonly<Record<string, readonly NoInfer<Column>[]>>
  readonly switch?: TableSwitch
  readonly parts?: readonly CodePart<string, NoInfer<Column>>[]
}

/** Describes a table in the notation of `NOTATIONS`. */
export function table<const Name extends string, const Notation extends Columns>(
  name: Name,
  notation: Notation,
  options: TableOptions<keyof Notation & string> = {},
): CdmTable<Name, Notation> {
  return {
    name,
    columns: Object.entries(notation).map(([column, spelling]) => {
      const [type, required] = NOTATIONS[spelling]
      return { name: column, type, required }
    }),
    notation,
    ...(options.key === undefined ? {} : { key: options.key }),
    indexes: Object.entries(options.indexes ?? {}).map(([index, indexed]) => ({
      name: index,
      columns: indexed,
    })),
    ...(options.switch === undefined ? {} : { switch: options.switch }),
    parts: options.parts ?? [],
  }
}

interface EventOptions<Column extends string, Domain extends string> {
  readonly key?: NoInfer<Column>
  /** The name of the table in the names of its indexes. */
  readonly short: string
  readonly switch?: TableSwitch
  readonly domain: Domain
  /** The position of the domain in a code distribution. */
  readonly position: number
  /** Other `varcat` values than the domain that ask for it. */
  readonly aliases?: readonly string[]
  /** Whether only rules of the domain search the table. */
  readonly separate?: boolean
  readonly columns: Partial<
    Omit<EventFacet<NoInfer<Column>>, 'person' | 'categories' | 'separate'>
  > & {
    readonly concept: NoInfer<Column>
    readonly date: NoInfer<Column>
    readonly type: NoInfer<Column>
  }
}

/**
 * Describes a table of events.
 *
 * Tasks look up which people have a concept. With `person_id` in the index, PostgreSQL does not read the table itself. The
 * names of the indexes are those of the CDM (`idx_condition_concept_id_1`), which the Python bunny looks for.
 */
export function eventTable<
  const Name extends string,
  const Notation extends Columns & { readonly person_id: 'id!' },
  const Domain extends string,
>(
  name: Name,
  notation: Notation,
  options: EventOptions<keyof Notation & string, Domain>,
): EventTable<Name, Notation, Domain> {
  const { key, short, domain, position, aliases = [], separate = false, columns } = options
  const described = table(name, notation, {
    ...(key === undefined ? {} : { key }),
    ...(options.switch === undefined ? {} : { switch: options.switch }),
    indexes: {
      [`idx_${short}_concept_id_1`]: [columns.concept, 'person_id'],
      [`idx_${short}_person_id_1`]: ['person_id'],
    },
  })
  const event: EventFacet = {
    person: 'person_id',
    datetime: null,
    endDate: null,
    endDatetime: null,
    value: null,
    unit: null,
    unitText: null,
    ...columns,
    categories: [domain, ...aliases],
    separate,
  }
  return { ...described, event, parts: [{ domain, concept: columns.concept, position }] }
}
