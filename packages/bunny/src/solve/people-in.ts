import { statementParts, type StatementParts } from '@warren/cohort'
import type { CdmSource } from '../sources/cdm-source.ts'

/** A new statement for the database of the site. */
export const statementFor = ({ dialect, schema }: CdmSource): StatementParts =>
  statementParts(dialect, schema)

/** Condition for a row `e` of an event: its person is a row of `person`. Other events count for no one. */
export const isOfPerson = (parts: StatementParts): string =>
  `EXISTS (SELECT 1 FROM ${parts.table('person')} p WHERE p.person_id = e.person_id)`

/** The number of people: rows of `person` for the same person count once. */
export const allPeople = (parts: StatementParts): string =>
  `SELECT 0 AS part, CAST(NULL AS bigint) AS concept_id, count(DISTINCT p.person_id) AS persons
  FROM ${parts.table('person')} p`
