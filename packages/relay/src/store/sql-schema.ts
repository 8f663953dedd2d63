import type { ColumnType, Generated } from 'kysely'

import type { SubtaskState, TaskState } from '../tasks/task-states.ts'
import type { ResultStatus, TaskKind, TaskType } from './relay-store.ts'

// The tables as the newest migration leaves them. Times are epoch milliseconds, flags 0 or 1.

type Flag = 0 | 1

export interface UserTable {
  id: string
  name: string
  /** Canonical spelling: what makes names unique. */
  name_key: string
  password_hash: string
  declared: Flag
  created_at: number
}

export interface NodeTable {
  id: string
  user_id: string
  label: string | null
  active: Flag
  created_at: number
  last_seen_at: number | null
}

export interface TaskTable {
  id: string
  upstream: string
  uuid: string
  kind: TaskKind
  type: TaskType
  collection: string
  body: string
  state: TaskState
  received_at: number
  deadline_at: number
  /** Number of nodes asked; subtasks of removed nodes are gone but were asked. */
  asked: number
  result: string | null
  settled_at: number | null
  /** No delivery before this. */
  deliver_at: number | null
  /** A relay is delivering until this; 0: nobody. */
  claimed_until: Generated<number>
  delivery_attempts: Generated<number>
  delivery_cause: string | null
  /** When it was delivered or died. */
  closed_at: number | null
}

export interface SubtaskTable {
  id: string
  task_id: string
  node_id: string
  kind: TaskKind
  state: SubtaskState
  /** The task's received_at: the order of hand-out, also after a lease came back. */
  asked_at: number
  attempts: Generated<number>
  leased_until: number | null
  /** A broker has been told of it. */
  published: ColumnType<Flag, Flag | undefined, Flag>
  answer_status: ResultStatus | null
  answered_at: number | null
  answer: string | null
}

export interface MigrationTable {
  version: number
  name: string
  applied_at: number
}

export interface LeaderTable {
  name: string
  holder: string
  held_until: number
}

export interface RelayTables {
  relay_users: UserTable
  relay_nodes: NodeTable
  relay_tasks: TaskTable
  relay_subtasks: SubtaskTable
  relay_migrations: MigrationTable
  relay_leaders: LeaderTable
}
