import { DIALECTS } from '@warren/cohort'
import type { CdmSource } from '../sources/cdm-source.ts'

type Database = Pick<CdmSource, 'schema' | 'dialect'>

/** A CDM table in SQL. The schema is quoted, because sites choose its name. */
export function tableName({ schema, dialect }: Database, table: string): string {
  return schema === '' ? table : `${DIALECTS[dialect].identifier(schema)}.${table}`
}

/** The placeholder of the value at a position, from 1. */
export function placeholder({ dialect }: Database, position: number): string {
  return DIALECTS[dialect].placeholder(position)
}
