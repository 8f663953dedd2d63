import type { TablePart } from '@warren/cdm'
import type { StatementParts } from '@warren/cohort'
import { smallestShown } from '@warren/disclosure'
import type { SqlStatement } from '../../sources/cdm-source.ts'
import { allPeople, isOfPerson, statementFor } from '../people-in.ts'
import type { SolveContext } from '../solve-context.ts'
import { STATISTICS_COLUMNS, statisticsSql } from './statistics-sql.ts'

/** Parts of events come after the divisions of all people, which have smaller numbers. */
export const FIRST_EVENT_PART = 1000

/** The number of a part in the rows of the statement. 0 is the total. */
export const partNumber = (part: TablePart, position: number): number =>
  part.table.event === undefined ? position + 1 : FIRST_EVENT_PART + position

/**
 * One statement for the whole distribution, so that all counts are from one snapshot: first the number of people, then all
 * categories of gender, race and ethnicity, then the concepts of events that enough people have. Its rows are in the order
 * of `partNumber` and of concept IDs.
 *
 * Not "select distinct pairs, then count": PostgreSQL hashes the pairs. When the estimate exceeded work_mem, that took more
 * than 10 minutes on 4 million rows. This form takes 1 minute.
 */
export function codeCountsStatement(
  codeParts: readonly TablePart[],
  context: SolveContext,
): SqlStatement {
  const { source, policy, statistics = false } = context
  const parts = statementFor(source)
  const smallest = parts.whole(smallestShown(policy))
  const counted = codeParts.map((part, position) =>
    part.table.event === undefined
      ? division(parts, part, partNumber(part, position))
      : events(parts, part, { number: partNumber(part, position), smallest }),
  )
  const measured = codeParts.flatMap((part, position) =>
    statistics && part.table.event?.value != null
      ? [statisticsSql(parts, part, { number: partNumber(part, position), policy })]
      : [],
  )
  const text = `SELECT r.part, r.concept_id, c.concept_name, r.persons${
    measured.length === 0 ? '' : `, ${STATISTICS_COLUMNS.map((one) => `s.${one}`).join(', ')}`
  }
FROM (
  ${[allPeople(parts), ...counted].join('\n  UNION ALL\n  ')}
) r
LEFT JOIN ${parts.table('concept')} c ON c.concept_id = r.concept_id${
    measured.length === 0
      ? ''
      : `\nLEFT JOIN (\n  ${measured.join('\n  UNION ALL\n  ')}\n) s ON s.part = r.part AND s.concept_id = r.concept_id`
  }
WHERE c.concept_id IS NOT NULL OR r.part < ${String(FIRST_EVENT_PART)}
ORDER BY r.part, r.concept_id, c.concept_name`
  return { text, values: parts.values }
}

function division(parts: StatementParts, { concept }: TablePart, number: number): string {
  return `SELECT ${String(number)} AS part, CAST(p.${concept} AS bigint) AS concept_id, count(DISTINCT p.person_id) AS persons
  FROM ${parts.table('person')} p
  GROUP BY p.${concept}`
}

function events(
  parts: StatementParts,
  { table, concept }: TablePart,
  { number, smallest }: { number: number; smallest: string },
): string {
  return `SELECT ${String(number)} AS part, CAST(e.${concept} AS bigint) AS concept_id, count(DISTINCT e.person_id) AS persons
  FROM ${parts.table(table.name)} e
  WHERE ${isOfPerson(parts)}
  GROUP BY e.${concept}
  HAVING count(DISTINCT e.person_id) >= ${smallest}`
}
