import type { CdmSource } from '../sources/cdm-source.ts'

/** A CDM table as SQL, in the site's schema. The schema is the site's own text and may need its quotes. */
export function tableName(source: Pick<CdmSource, 'schema'>, table: string): string {
  return source.schema === '' ? table : `"${source.schema.replaceAll('"', '""')}".${table}`
}
