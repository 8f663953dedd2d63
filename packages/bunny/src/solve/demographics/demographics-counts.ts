import type { SqlStatement } from '../../sources/cdm-source.ts'
import { allPeople, statementFor } from '../people-in.ts'
import type { SolveContext } from '../solve-context.ts'
import { AGE_BANDS, BAND_YEARS } from './age-bands.ts'

export const SEX_PART = 1
export const AGE_PART = 2

/** The band of people whose year of birth is unknown or in the future. */
export const UNKNOWN_AGE = -1

/** The number of people, and how many have each sex and age band: one statement, so from one snapshot. */
export function demographicsStatement(context: SolveContext): SqlStatement {
  const { source, clock, ages = false } = context
  const parts = statementFor(source)
  const person = parts.table('person')
  const divisions = [
    `SELECT ${String(SEX_PART)} AS part, CAST(p.gender_concept_id AS bigint) AS concept_id, count(DISTINCT p.person_id) AS persons
  FROM ${person} p
  GROUP BY p.gender_concept_id`,
  ]
  if (ages) {
    const age = `${parts.whole(new Date(clock.now()).getFullYear())} - p.year_of_birth`
    const last = AGE_BANDS - 1
    divisions.push(`SELECT ${String(AGE_PART)} AS part, a.band AS concept_id, count(DISTINCT a.person_id) AS persons
  FROM (
    SELECT p.person_id, CAST(CASE
      WHEN ${age} >= ${String(last * BAND_YEARS)} THEN ${String(last)}
      WHEN ${age} >= 0 THEN floor((${age}) / ${String(BAND_YEARS)}.0)
      ELSE ${String(UNKNOWN_AGE)} END AS bigint) AS band
    FROM ${person} p
  ) a
  GROUP BY a.band`)
  }
  return {
    text: `SELECT r.part, r.concept_id, c.concept_name, r.persons
FROM (
  ${[allPeople(parts), ...divisions].join('\n  UNION ALL\n  ')}
) r
LEFT JOIN ${parts.table('concept')} c ON r.part = ${String(SEX_PART)} AND c.concept_id = r.concept_id
ORDER BY r.part, r.concept_id, c.concept_name`,
    values: parts.values,
  }
}
