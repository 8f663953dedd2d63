import type { CdmData, SqlStatement } from '../../src/index.ts'

/** A database with the tables of the CDM, which runs compiled cohorts. */
export interface CdmDatabase extends AsyncDisposable {
  /** Replaces all rows. */
  load(data: CdmData): Promise<void>
  /** Runs statements without bound values. */
  run(script: string): Promise<void>
  /** The count that a compiled cohort returns. */
  count(statement: SqlStatement): Promise<number>
  /** The IDs of the people counted: the same statement, with their IDs in place of the count. */
  persons(statement: SqlStatement): Promise<number[]>
}

const COUNT = 'select count(distinct p.person_id) as persons'

export function selectIds({ text, values }: SqlStatement): SqlStatement {
  if (!text.startsWith(COUNT)) throw new Error(`not a compiled cohort: ${text.slice(0, 40)}`)
  return { text: text.replace(COUNT, 'select distinct p.person_id as persons'), values }
}
