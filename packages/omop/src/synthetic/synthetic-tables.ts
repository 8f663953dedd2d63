import { cdmTable } from '@warren/cdm'
import { RowBatch, type CdmValue } from '../row-batch.ts'

/** The columns of generated rows, in the order of the values of a row. */
const FILLED = {
  concept: [
    'concept_id',
    'concept_name',
    'domain_id',
    'vocabulary_id',
    'concept_class_id',
    'standard_concept',
    'concept_code',
    'valid_start_date',
    'valid_end_date',
  ],
  vocabulary: ['vocabulary_id', 'vocabulary_name', 'vocabulary_version', 'vocabulary_concept_id'],
  domain: ['domain_id', 'domain_name', 'domain_concept_id'],
  concept_ancestor: [
    'ancestor_concept_id',
    'descendant_concept_id',
    'min_levels_of_separation',
    'max_levels_of_separation',
  ],
  location: [
    'location_id',
    'city',
    'location_source_value',
    'country_concept_id',
    'country_source_value',
    'latitude',
    'longitude',
  ],
  person: [
    'person_id',
    'gender_concept_id',
    'year_of_birth',
    'month_of_birth',
    'day_of_birth',
    'race_concept_id',
    'ethnicity_concept_id',
    'location_id',
    'person_source_value',
    'gender_source_value',
  ],
  observation_period: [
    'observation_period_id',
    'person_id',
    'observation_period_start_date',
    'observation_period_end_date',
    'period_type_concept_id',
  ],
  death: ['person_id', 'death_date', 'death_type_concept_id', 'cause_concept_id'],
  visit_occurrence: [
    'visit_occurrence_id',
    'person_id',
    'visit_concept_id',
    'visit_start_date',
    'visit_end_date',
    'visit_type_concept_id',
  ],
  condition_occurrence: [
    'condition_occurrence_id',
    'person_id',
    'condition_concept_id',
    'condition_start_date',
    'condition_end_date',
    'condition_type_concept_id',
    'visit_occurrence_id',
  ],
  drug_exposure: [
    'drug_exposure_id',
    'person_id',
    'drug_concept_id',
    'drug_exposure_start_date',
    'drug_exposure_end_date',
    'drug_type_concept_id',
    'quantity',
    'days_supply',
  ],
  procedure_occurrence: [
    'procedure_occurrence_id',
    'person_id',
    'procedure_concept_id',
    'procedure_date',
    'procedure_type_concept_id',
    'quantity',
  ],
  measurement: [
    'measurement_id',
    'person_id',
    'measurement_concept_id',
    'measurement_date',
    'measurement_type_concept_id',
    'value_as_number',
    'unit_concept_id',
    'range_low',
    'range_high',
    'visit_occurrence_id',
    'unit_source_value',
  ],
  observation: [
    'observation_id',
    'person_id',
    'observation_concept_id',
    'observation_date',
    'observation_type_concept_id',
    'value_as_number',
    'value_as_concept_id',
  ],
  specimen: [
    'specimen_id',
    'person_id',
    'specimen_concept_id',
    'specimen_type_concept_id',
    'specimen_date',
    'quantity',
  ],
} as const satisfies Record<string, readonly string[]>

export type SyntheticTable = keyof typeof FILLED

interface TableWriter {
  batch: RowBatch
  /** Column indexes in the batch, in the order of `FILLED`. */
  readonly indexes: readonly number[]
  rows: number
}

/** Collects generated rows in batches. Full batches are in `fullBatches` until the caller writes and recycles them. */
export class SyntheticTables {
  readonly fullBatches: RowBatch[] = []
  readonly #writers = new Map<SyntheticTable, TableWriter>()
  readonly #spare = new Map<string, RowBatch[]>()

  constructor() {
    for (const name of SYNTHETIC_TABLES) {
      const table = requiredTable(name)
      const indexes = FILLED[name].map((column) =>
        table.columns.findIndex((one) => one.name === column),
      )
      this.#writers.set(name, { batch: this.#emptyBatch(name), indexes, rows: 0 })
    }
  }

  /** Adds a row with the next number, from 1, in its first column. Returns that number. */
  addNumbered(table: SyntheticTable, ...values: readonly CdmValue[]): number {
    const id = this.#writer(table).rows + 1
    this.add(table, id, ...values)
    return id
  }

  /** Adds a row with a value per column of `FILLED`. */
  add(table: SyntheticTable, ...values: readonly CdmValue[]): void {
    const writer = this.#writer(table)
    if (writer.batch.isFull) {
      this.fullBatches.push(writer.batch)
      writer.batch = this.#emptyBatch(table)
    }
    const { batch, indexes } = writer
    const row = batch.nextRow()
    for (let i = 0; i < indexes.length; i++) {
      batch.set(row, indexes[i] ?? -1, values[i] ?? null)
    }
    writer.rows++
  }

  /** The batches that are not full, to be written at the end. */
  *partialBatches(): Generator<RowBatch> {
    for (const { batch } of this.#writers.values()) if (batch.length > 0) yield batch
  }

  recycle(batch: RowBatch): void {
    batch.clear()
    const spare = this.#spare.get(batch.table.name) ?? []
    spare.push(batch)
    this.#spare.set(batch.table.name, spare)
  }

  rows(table: SyntheticTable): number {
    return this.#writer(table).rows
  }

  #writer(table: SyntheticTable): TableWriter {
    const writer = this.#writers.get(table)
    if (writer === undefined) throw new RangeError(`unknown table "${table}"`)
    return writer
  }

  #emptyBatch(table: SyntheticTable): RowBatch {
    return this.#spare.get(table)?.pop() ?? new RowBatch(requiredTable(table), FILLED[table])
  }
}

function isSynthetic(name: string): name is SyntheticTable {
  return name in FILLED
}

export const SYNTHETIC_TABLES: readonly SyntheticTable[] = Object.keys(FILLED).filter(isSynthetic)

export function requiredTable(name: SyntheticTable): NonNullable<ReturnType<typeof cdmTable>> {
  const table = cdmTable(name)
  if (table === undefined) throw new RangeError(`unknown table "${name}"`)
  return table
}
