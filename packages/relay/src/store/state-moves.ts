import { sql, type Kysely } from 'kysely'

import { SUBTASK_MOVES, TASK_MOVES } from '../vocabulary/task-states.ts'
import type { RelayTables } from './sql-schema.ts'

// The only statements that change a state. Callers add conditions and columns.
// States are literals in the SQL, not parameters, so that query plans can rely on them.

export function moveTasks(db: Kysely<RelayTables>, move: keyof typeof TASK_MOVES) {
  const { from, to } = TASK_MOVES[move]
  return db
    .updateTable('relay_tasks')
    .set({ state: sql.lit(to) })
    .where(
      'relay_tasks.state',
      'in',
      from.map((state) => sql.lit(state)),
    )
}

export function moveSubtasks(db: Kysely<RelayTables>, move: keyof typeof SUBTASK_MOVES) {
  const { from, to } = SUBTASK_MOVES[move]
  return db
    .updateTable('relay_subtasks')
    .set({ state: sql.lit(to) })
    .where(
      'relay_subtasks.state',
      'in',
      from.map((state) => sql.lit(state)),
    )
}
