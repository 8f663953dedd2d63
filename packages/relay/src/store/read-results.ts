import { sql } from 'kysely'

import { SUBTASK_MOVES } from '../vocabulary/task-states.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { NodeResult } from './task-store.ts'
import { toBytes } from './text-bytes.ts'

/** The results of the given nodes, in any order. Of a node without a result, there is none. */
export async function readResults(
  database: SqlDatabase,
  taskId: string,
  nodeIds: readonly string[],
): Promise<readonly NodeResult[]> {
  const rows = await database.run('read results', (db) =>
    db
      .selectFrom('relay_subtasks')
      .select(['node_id', 'answer_status', database.differences.textBytes('answer').as('answer')])
      .where('task_id', '=', taskId)
      .where('state', '=', sql.lit(SUBTASK_MOVES.answer.to))
      .where('node_id', 'in', nodeIds)
      .execute(),
  )
  return rows.map(({ node_id, answer_status, answer }) => ({
    nodeId: node_id,
    status: answer_status ?? 'error',
    json: toBytes(answer ?? ''),
  }))
}
