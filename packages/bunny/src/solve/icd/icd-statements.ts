import type { SqlStatement } from '../../sources/cdm-source.ts'
import { allPeople, isOfPerson, statementFor } from '../people-in.ts'
import type { SolveContext } from '../solve-context.ts'
import { ICD_CHAPTERS } from './icd-chapters.ts'

/** The vocabularies that map their codes to standard concepts, best first. */
export const ICD_VOCABULARIES = ['ICD10', 'ICD10CM'] as const

export type IcdVocabulary = (typeof ICD_VOCABULARIES)[number]

export const CHAPTER_PART = 1
export const CODE_PART = 2

const IS_MAPPING = `r.relationship_id = 'Maps to' AND (r.invalid_reason IS NULL OR r.invalid_reason = '')`

/** Which of the vocabularies have mappings here. */
export function mappedVocabularies({ source }: SolveContext): SqlStatement {
  const parts = statementFor(source)
  const names = ICD_VOCABULARIES.map((name) => `'${name}'`).join(', ')
  return {
    text: `SELECT c.vocabulary_id, count(*) AS mappings
FROM ${parts.table('concept')} c
JOIN ${parts.table('concept_relationship')} r ON r.concept_id_1 = c.concept_id AND ${IS_MAPPING}
WHERE c.vocabulary_id IN (${names})
GROUP BY c.vocabulary_id`,
    values: parts.values,
  }
}

/**
 * How many people have a condition or an observation whose standard concept an ICD-10 code maps to, by chapter and by
 * category (the first three characters of the code). One statement, so all counts are from one snapshot.
 */
export function icdStatement({ source }: SolveContext, vocabulary: IcdVocabulary): SqlStatement {
  const parts = statementFor(source)
  const concept = parts.table('concept')
  const chapters = ICD_CHAPTERS.map(
    ([first, last], chapter) =>
      `WHEN m.category >= '${first}' AND m.category <= '${last}' THEN ${String(chapter)}`,
  ).join('\n      ')
  const having = (table: string, column: string): string =>
    `SELECT m.category, e.person_id
    FROM mapped m JOIN ${parts.table(table)} e ON e.${column} = m.standard
    WHERE ${isOfPerson(parts)}`
  return {
    text: `WITH mapped AS (
  SELECT DISTINCT upper(substr(c.concept_code, 1, 3)) AS category, r.concept_id_2 AS standard
  FROM ${concept} c
  JOIN ${parts.table('concept_relationship')} r ON r.concept_id_1 = c.concept_id AND ${IS_MAPPING}
  WHERE c.vocabulary_id = '${vocabulary}'
), having_code AS (
  SELECT m.category, m.person_id, CASE
      ${chapters}
      ELSE -1 END AS chapter
  FROM (
    ${having('condition_occurrence', 'condition_concept_id')}
    UNION
    ${having('observation', 'observation_concept_id')}
  ) m
)
SELECT 0 AS part, -1 AS chapter, '' AS category, a.persons, a.concept_id, '' AS concept_name
FROM (${allPeople(parts)}) a
UNION ALL
SELECT ${String(CHAPTER_PART)}, h.chapter, '', count(DISTINCT h.person_id), NULL, ''
FROM having_code h WHERE h.chapter >= 0 GROUP BY h.chapter
UNION ALL
SELECT ${String(CODE_PART)}, n.chapter, n.category, n.persons, c.concept_id, c.concept_name
FROM (
  SELECT h.chapter, h.category, count(DISTINCT h.person_id) AS persons
  FROM having_code h WHERE h.chapter >= 0 GROUP BY h.chapter, h.category
) n
LEFT JOIN ${concept} c ON c.vocabulary_id = '${vocabulary}' AND c.concept_code = n.category
ORDER BY 1, 2, 3, 5`,
    values: parts.values,
  }
}
