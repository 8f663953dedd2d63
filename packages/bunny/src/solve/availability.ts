import {
  type Cohort,
  type CohortOptions,
  compileCohort,
  criteriaIn,
  parseCohort,
} from '@warren/cohort'
import { disclose } from '@warren/disclosure'
import { countResult, type AvailabilityTask, type TaskResult } from '@warren/task-api'
import { absentColumns } from '../sources/optional-columns.ts'
import { runQuery, parseCount } from './run-query.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable } from './unanswerable.ts'

/** How many people match a cohort: one true count, suppressed and rounded once. */
export async function solveAvailability(
  task: AvailabilityTask,
  context: SolveContext,
): Promise<TaskResult> {
  const { source, policy, clock, timeZone } = context
  const { cohort, options, restriction } = await readCohort(task, context)
  const statement = compileCohort(cohort, {
    dialect: source.dialect,
    ...(source.schema === '' ? {} : { schema: source.schema }),
    now: clock.date(),
    ...(timeZone === undefined ? {} : { timeZone }),
    options,
  })
  const rows = await runQuery(context, statement)
  const persons = parseCount(rows[0]?.['persons'])
  return countResult(task, disclose(persons, policy), restriction)
}

/** Parses twice if the cohort reads optional columns: what the site lacks can be a problem. */
async function readCohort(task: AvailabilityTask, context: SolveContext) {
  const { source, omop, clock } = context
  const first = parsed(task, omop)
  if (!readsOptionalColumns(first.cohort, omop)) return { ...first, options: omop }
  const absent = await absentColumns(
    source,
    (statement) => runQuery(context, statement),
    clock.now(),
  )
  const options = { ...omop, absentColumns: absent }
  return { ...parsed(task, options), options }
}

function parsed(task: AvailabilityTask, options: CohortOptions) {
  const cohort = parseCohort(task.cohort, options)
  if (!cohort.ok) throw new Unanswerable('invalid', formatProblem(cohort.problems))
  return cohort
}

function readsOptionalColumns(cohort: Cohort, options: CohortOptions): boolean {
  if (options.exactAges === true || options.withoutDead === true) return true
  return criteriaIn(cohort).some(
    ({ criterion }) =>
      criterion.kind === 'event' &&
      (criterion.elapsed !== null || criterion.ageAtEvent !== null || criterion.unit !== undefined),
  )
}

const PROBLEMS_SHOWN = 5

function formatProblem(problems: readonly { path: string; message: string }[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(({ path, message }) => `${path}: ${message}`)
  const more = problems.length - shown.length
  return `The cohort is not valid: ${shown.join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}`
}
