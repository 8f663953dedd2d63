import type { JsonObject } from '@warren/task-api'
import type { PlannedTask } from './plan.ts'

/** Conditions of the synthetic patients, from common to rare. */
export const CONCEPTS = ['320128', '201826', '255848', '317009', '374919', '4329847'] as const

/** A task in its wire format. `priority` identifies the question for scripted nodes. */
export function chaosTask(task: Pick<PlannedTask, 'uuid' | 'kind' | 'number'>): JsonObject {
  const { uuid, kind, number } = task
  const common = { uuid, priority: number }
  if (kind !== 'availability') {
    return { ...common, analysis: 'DISTRIBUTION', code: kind.toUpperCase() }
  }
  const value = CONCEPTS[number % CONCEPTS.length] ?? ''
  const rule = { varname: 'OMOP', varcat: 'Condition', type: 'TEXT', oper: '=', value }
  return {
    ...common,
    cohort: { groups_oper: 'AND', groups: [{ rules_oper: 'AND', rules: [rule] }] },
  }
}
