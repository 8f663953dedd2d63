import type { CdmData, SqlStatement } from '../../src/index.ts'

/** A database with the CDM's tables, to ask compiled cohorts of. */
export interface CdmDatabase extends AsyncDisposable {
  /** The database then holds these rows and no others. */
  load(data: CdmData): Promise<void>
  /** Runs statements without values, as they stand. */
  run(script: string): Promise<void>
  /** The one number a compiled cohort answers. */
  count(statement: SqlStatement): Promise<number>
  /** Who was counted: the same statement, with the ids in place of their number. */
  persons(statement: SqlStatement): Promise<number[]>
}

const COUNT = 'select count(*) as persons'

export function listing({ text, values }: SqlStatement): SqlStatement {
  if (!text.startsWith(COUNT)) throw new Error(`not a compiled cohort: ${text.slice(0, 40)}`)
  return { text: text.replace(COUNT, 'select p.person_id as persons'), values }
}
