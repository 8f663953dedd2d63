import { type CalendarDate, localDate } from '../evaluate/calendar-date.ts'
import type { Cohort, CohortOptions } from '../tree/cohort.ts'
import { type Condition, type Criterion, toCondition } from './condition.ts'
import type { Dialect, SqlStatement } from './dialect.ts'
import { duckdb } from './dialects/duckdb.ts'
import { mssql } from './dialects/mssql.ts'
import { postgres } from './dialects/postgres.ts'
import { eventSearchSql } from './event-search.ts'
import { locationSearchSql } from './location-search.ts'
import { ageSql, demographicSql } from './person-sql.ts'
import { StatementParts } from './statement-parts.ts'

const DIALECTS = { postgres, duckdb, mssql } satisfies Record<string, Dialect>

export type CohortDialect = keyof typeof DIALECTS

export interface CompileSettings {
  readonly dialect: CohortDialect
  /** Where the CDM tables are; absent or empty: wherever the connection finds them. Any text is safe. */
  readonly schema?: string
  /** Its local calendar date is today. */
  readonly now: Date
  readonly options: CohortOptions
}

/**
 * One statement that answers `persons`, the true number of persons in the cohort: nothing is hidden
 * or rounded here.
 *
 * Placeholders are `$1` (PostgreSQL, DuckDB) or `@p1` (SQL Server), and one may occur many times.
 *
 * @throws RangeError when the cohort needs more than 2,000 values, asks for locations where `options`
 *   forbids them, or reaches back beyond the calendar. A parsed cohort does none of these.
 */
export function compileCohort(
  cohort: Cohort,
  { dialect, schema, now, options }: CompileSettings,
): SqlStatement {
  const parts = new StatementParts(DIALECTS[dialect], schema)
  const writer = new CohortWriter(parts, localDate(now), options)
  const text = writer.write(toCondition(cohort))
  return { text, values: parts.values }
}

/**
 * Writes `person` left-joined to one derived table a search, and the tree as the `where` clause over
 * "has a partner there". Each table is read once a search, no join depends on an estimate that fits in
 * memory (an `in (select ...)` under `or` does: minutes instead of a second on PostgreSQL when it does
 * not), and the database may turn what stands at the top into plain joins and anti-joins.
 */
class CohortWriter {
  readonly #parts: StatementParts
  readonly #today: CalendarDate
  readonly #options: CohortOptions
  readonly #joins: string[] = []
  readonly #aliases = new Map<string, string>()

  constructor(parts: StatementParts, today: CalendarDate, options: CohortOptions) {
    this.#parts = parts
    this.#today = today
    this.#options = options
  }

  write(condition: Condition): string {
    const where = this.#where(condition, '')
    return [
      'select count(*) as persons',
      `from ${this.#parts.table('person')} p`,
      ...this.#joins,
      `where ${where}`,
    ].join('\n')
  }

  #where(condition: Condition, indent: string): string {
    switch (condition.kind) {
      case 'everyone':
        return '1 = 1'
      case 'no-one':
        return '1 = 0'
      case 'criterion':
        return this.#criterion(condition.criterion, condition.negated)
      case 'all':
      case 'any': {
        const inner = `${indent}  `
        const operator = condition.kind === 'all' ? 'and' : 'or'
        const members = condition.members.map((member) => this.#where(member, inner))
        return `(\n${inner}${members.join(`\n${inner}${operator} `)}\n${indent})`
      }
      default:
        return condition satisfies never
    }
  }

  #criterion(criterion: Criterion, negated: boolean): string {
    switch (criterion.kind) {
      case 'events':
        return this.#joined(criterion, 'person_id', negated)
      case 'location':
        return this.#joined(criterion, 'location_id', negated)
      case 'demographic':
        return twoValued(demographicSql(criterion.concept, this.#parts), negated)
      case 'age':
        return twoValued(ageSql(criterion.age, this.#parts, this.#today), negated)
      default:
        return criterion satisfies never
    }
  }

  #joined(
    criterion: Extract<Criterion, { kind: 'events' | 'location' }>,
    key: 'person_id' | 'location_id',
    negated: boolean,
  ): string {
    const search = this.#search(criterion)
    let alias = this.#aliases.get(search)
    if (alias === undefined) {
      alias = `s${this.#aliases.size + 1}`
      this.#aliases.set(search, alias)
      const body = search.replaceAll(/^/gm, '  ')
      this.#joins.push(`left join (\n${body}\n) ${alias} on ${alias}.${key} = p.${key}`)
    }
    return `${alias}.${key} is ${negated ? '' : 'not '}null`
  }

  #search(criterion: Extract<Criterion, { kind: 'events' | 'location' }>): string {
    if (criterion.kind === 'events') {
      return eventSearchSql(criterion, this.#parts, this.#today, this.#options)
    }
    if (!this.#options.location) {
      throw new RangeError(
        'cohort asks for locations, which the options forbid: parse it with the same options',
      )
    }
    return locationSearchSql(criterion, this.#parts)
  }
}

/** Unknown counts as false where it is asked for, so it must count as true where it is excluded. */
function twoValued(predicate: string, negated: boolean): string {
  return negated ? `case when ${predicate} then 0 else 1 end = 1` : predicate
}
