import { compileCohort, parseCohort } from '@warren/cohort'
import { disclose } from '@warren/disclosure'
import { countResult, type AvailabilityTask, type TaskResult } from '@warren/task-api'
import { runQuery, parseCount } from './run-query.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable } from './unanswerable.ts'

/** How many people match a cohort: one true count, suppressed and rounded once. */
export async function solveAvailability(
  task: AvailabilityTask,
  context: SolveContext,
): Promise<TaskResult> {
  const { source, omop, policy, clock } = context
  const parsed = parseCohort(task.cohort, omop)
  if (!parsed.ok) throw new Unanswerable('invalid', formatProblem(parsed.problems))
  const statement = compileCohort(parsed.cohort, {
    dialect: source.dialect,
    ...(source.schema === '' ? {} : { schema: source.schema }),
    now: clock.date(),
    options: omop,
  })
  const rows = await runQuery(context, statement)
  const persons = parseCount(rows[0]?.['persons'])
  return countResult(task, disclose(persons, policy))
}

const PROBLEMS_SHOWN = 5

function formatProblem(problems: readonly { path: string; message: string }[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map(({ path, message }) => `${path}: ${message}`)
  const more = problems.length - shown.length
  return `The cohort is not valid: ${shown.join('; ')}${more > 0 ? `; and ${String(more)} more` : ''}`
}
