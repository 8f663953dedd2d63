import { CLINICAL_TABLES, type Cohort } from '../src/index.ts'

type Search = (concept: number, negated: boolean) => string

/** Other forms of the same statement; supports demographic criteria and events without constraints only. */
export const OTHER_SHAPES: { readonly [name: string]: (cohort: Cohort) => string } = {
  'exists or exists': (cohort) =>
    counting(cohort, (concept, negated) => {
      const tests = CLINICAL_TABLES.map(
        (table) =>
          `exists (select 1 from ${table.table} e where e.person_id = p.person_id and e.${table.concept} = ${concept})`,
      )
      return `${negated ? 'not ' : ''}(${tests.join(' or ')})`
    }),
  'in (union all)': (cohort) =>
    counting(
      cohort,
      (concept, negated) =>
        `p.person_id ${negated ? 'not ' : ''}in (${searches(concept, 'union all')})`,
    ),
  'set operations': (cohort) => `select count(*) as persons from (${setSql(cohort, false)}) x`,
}

function counting(cohort: Cohort, search: Search): string {
  return `select count(*) as persons from person p where ${predicate(cohort, false, search)}`
}

function predicate(cohort: Cohort, negated: boolean, search: Search): string {
  if (cohort.kind === 'not') return predicate(cohort.member, !negated, search)
  if (cohort.kind === 'all' || cohort.kind === 'any') {
    const operator = (cohort.kind === 'all') === negated ? ' or ' : ' and '
    return `(${cohort.members.map((member) => predicate(member, negated, search)).join(operator)})`
  }
  if (cohort.kind === 'event') return search(cohort.concept, negated)
  if (cohort.kind === 'demographic') {
    return `p.gender_concept_id ${negated ? '<>' : '='} ${cohort.concept}`
  }
  throw new Error(`this benchmark does not support ${cohort.kind}`)
}

function setSql(cohort: Cohort, negated: boolean): string {
  if (cohort.kind === 'not') return setSql(cohort.member, !negated)
  if (cohort.kind === 'all' || cohort.kind === 'any') {
    const operator = (cohort.kind === 'all') === negated ? ' union ' : ' intersect '
    return `(${cohort.members.map((member) => setSql(member, negated)).join(operator)})`
  }
  if (cohort.kind === 'event') {
    const found = `(${searches(cohort.concept, 'union')})`
    return negated ? `(select person_id from person except ${found})` : found
  }
  return `(select p.person_id from person p where ${predicate(cohort, negated, () => '')})`
}

function searches(concept: number, operator: string): string {
  return CLINICAL_TABLES.map(
    (table) => `select e.person_id from ${table.table} e where e.${table.concept} = ${concept}`,
  ).join(` ${operator} `)
}
