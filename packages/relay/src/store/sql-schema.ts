import type { ColumnType, Generated } from 'kysely'

import type { SubtaskState, TaskState } from '../vocabulary/task-states.ts'
import type { ResultStatus } from './task-store.ts'
import type { TaskKind, TaskType } from '../vocabulary/task-kind.ts'

// The tables after the newest migration. Times are epoch milliseconds. Flags are 0 or 1.

type Flag = 0 | 1

export interface UserTable {
  id: string
  name: string
  /** Canonical spelling. Makes names unique. */
  name_key: string
  password_hash: string
  /** Incremented when the password changes, but not when the same password is hashed again. */
  password_version: number
  declared: Flag
  created_at: number
  /** Null: may log in. */
  disabled_at: ColumnType<number | null, number | null | undefined, number | null>
  /** The password before the last rotation, valid until `earlier_password_until`. All three are null, or none is. */
  earlier_password_hash: ColumnType<string | null, string | null | undefined, string | null>
  earlier_password_version: ColumnType<number | null, number | null | undefined, number | null>
  earlier_password_until: ColumnType<number | null, number | null | undefined, number | null>
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
  /** Number of nodes asked, including nodes that were removed together with their subtasks. */
  asked: number
  /** A relay has claimed to settle the task until this time. 0: never claimed. */
  settling_until: Generated<number>
  /** Identifies the claim. Null again once the results of the nodes are discarded. */
  settling_by: string | null
  /** Number of claims. */
  settling_attempts: Generated<number>
  result: string | null
  settled_at: number | null
  /** The combined result is not submitted before this time. */
  deliver_at: number | null
  /** A relay has claimed the submission until this time. 0: not claimed. */
  claimed_until: Generated<number>
  /** Attempts to submit the combined result. */
  delivery_attempts: Generated<number>
  /** Why the last attempt failed. */
  delivery_cause: string | null
  /** When the combined result was submitted or abandoned. */
  closed_at: number | null
}

export interface SubtaskTable {
  id: string
  task_id: string
  node_id: string
  kind: TaskKind
  state: SubtaskState
  /** The task's received_at. Subtasks are handed out in this order, even after a lease was returned. */
  asked_at: number
  attempts: Generated<number>
  leased_until: number | null
  /** Whether the subtask was published to a broker. */
  published: ColumnType<Flag, Flag | undefined, Flag>
  answer_status: ResultStatus | null
  answered_at: number | null
  /** The node's result as JSON text. */
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

export const TABLES = [
  'relay_users',
  'relay_nodes',
  'relay_tasks',
  'relay_subtasks',
  'relay_migrations',
  'relay_leaders',
] as const satisfies readonly (keyof RelayTables)[]

export interface RelayTables {
  relay_users: UserTable
  relay_nodes: NodeTable
  relay_tasks: TaskTable
  relay_subtasks: SubtaskTable
  relay_migrations: MigrationTable
  relay_leaders: LeaderTable
}
