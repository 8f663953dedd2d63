import { CLINICAL_TABLES } from '../cdm/clinical-tables.ts'
import { type CalendarDate, formatIsoDate, localDate } from '../evaluate/calendar-date.ts'
import type { Cohort } from '../tree/cohort.ts'
import { type CohortOptions, hasColumn } from '../tree/cohort-options.ts'
import { type Condition, type Criterion, toCondition } from './condition.ts'
import type { SqlStatement } from './dialect.ts'
import { DIALECTS, type SqlDialect } from './dialects.ts'
import { dateSql, eventSearchSql } from './event-search.ts'
import { locationSearchSql } from './location-search.ts'
import { ageSql, demographicSql } from './person-sql.ts'
import { StatementParts } from './statement-parts.ts'

export interface CompileSettings {
  readonly dialect: SqlDialect
  /** The schema of the CDM tables; absent or empty: the connection's default. Any text is safe. */
  readonly schema?: string
  /** "Today" is its calendar date. */
  readonly now: Date
  /** The IANA time zone of "today". Absent: the zone of this process. */
  readonly timeZone?: string
  readonly options: CohortOptions
}

/** For statements other than those of cohorts, so that they are written for the same databases. */
export function statementParts(dialect: SqlDialect, schema: string): StatementParts {
  return new StatementParts(DIALECTS[dialect], schema)
}

/** A statement, and the tables it reads, without their schema. */
export interface CohortStatement extends SqlStatement {
  readonly tables: readonly string[]
}

/**
 * One statement that returns `persons`, the exact number of people in the cohort, before suppression
 * and rounding.
 *
 * Placeholders are `$1` (PostgreSQL, DuckDB) or `@p1` (SQL Server), and one may occur several times.
 *
 * @throws RangeError if the cohort needs more than 2,000 values, contains a location although
 *   `options` excludes locations, or reaches back before year 1. A parsed cohort does none of these.
 */
export function compileCohort(
  cohort: Cohort,
  { dialect, schema, now, timeZone, options }: CompileSettings,
): CohortStatement {
  const parts = new StatementParts(DIALECTS[dialect], schema)
  const writer = new CohortWriter(parts, localDate(now, timeZone), options)
  const text = writer.write(toCondition(cohort))
  return { text, values: parts.values, tables: parts.tables }
}

/**
 * Left-joins `person` to one derived table per search, and tests in the `where` clause which joins
 * found a row. Each search reads each table once, and the database can turn top-level searches into
 * plain joins and anti-joins. An `in (select ...)` under `or` would be fast only while PostgreSQL
 * expects its result to fit in memory: otherwise it takes minutes instead of a second.
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
    const members = this.#where(condition, '')
    const where = this.#options.withoutDead === true ? `${members}\nand ${this.#alive()}` : members
    return [
      // A site may have several rows for one person.
      'select count(distinct p.person_id) as persons',
      `from ${this.#parts.table('person')} p`,
      ...this.#joins,
      `where ${where}`,
    ].join('\n')
  }

  /** A person in `death` is dead; an unknown date of death is in the past. */
  #alive(): string {
    const death = CLINICAL_TABLES.find(({ table }) => table === 'death')
    if (death === undefined) throw new Error('the CDM has no table death')
    const present = hasColumn(this.#options, 'death', 'death_datetime')
    const date = dateSql('x', present ? death : { ...death, datetime: null })
    const today = this.#parts.date(formatIsoDate(this.#today))
    return `not exists (select 1 from ${this.#parts.table('death')} x where x.person_id = p.person_id and (${date} is null or ${date} < ${today}))`
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
        return twoValued(ageSql(criterion.age, this.#parts, this.#today, this.#options), negated)
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
        'cohort contains a location, which the options exclude: parse it with the same options',
      )
    }
    return locationSearchSql(criterion, this.#parts)
  }
}

/** An unknown does not satisfy a predicate, so it must satisfy the negated one. */
function twoValued(predicate: string, negated: boolean): string {
  return negated ? `case when ${predicate} then 0 else 1 end = 1` : predicate
}
