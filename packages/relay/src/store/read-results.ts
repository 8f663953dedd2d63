import { sql } from 'kysely'

import { SUBTASK_MOVES } from '../vocabulary/task-states.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { NodeResult } from './task-store.ts'

/** The results of the given nodes, in any order. Of a node without a result, there is none. */
export async function readResults(
  database: SqlDatabase,
  taskId: string,
  nodeIds: readonly string[],
): Promise<readonly NodeResult[]> {
  const { differences } = database
  const query = database.db
    .selectFrom('relay_subtasks')
    .select([sql<string>`cast(node_id as text)`.as('node_id'), 'answer_status'])
    .select(differences.textBytes('answer').as('answer'))
    .where('task_id', '=', taskId)
    .where('state', '=', sql.lit(SUBTASK_MOVES.answer.to))
    .where('node_id', 'in', nodeIds)
    .compile()
  const rows = await database.run('read results', (db) => differences.readTexts(db, query))
  return rows.map(([nodeId, status, json]) => ({
    nodeId: String(nodeId),
    status: String(status) === 'ok' ? 'ok' : 'error',
    json: json ?? Buffer.alloc(0),
  }))
}
