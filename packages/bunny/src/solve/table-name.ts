import type { CdmSource } from '../sources/cdm-source.ts'

/** A CDM table in SQL. The schema is quoted, because sites choose its name. */
export function tableName(source: Pick<CdmSource, 'schema'>, table: string): string {
  return source.schema === '' ? table : `"${source.schema.replaceAll('"', '""')}".${table}`
}
