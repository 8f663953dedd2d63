import type { SubtaskState, TaskState } from '../vocabulary/task-states.ts'
import type { TaskKind, TaskType } from '../vocabulary/task-kind.ts'
import type { ResultStatus } from './task-store.ts'

/** A task as an operator sees it: without its question and without any count of people. */
export interface TaskEntry {
  readonly taskId: string
  /** The upstream's name of the task. Logs call it taskId. */
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly state: TaskState
  readonly receivedAt: number
  readonly deadlineAt: number
  readonly settledAt: number | null
  /** When the combined result was submitted or abandoned. */
  readonly closedAt: number | null
  /** Number of nodes asked. */
  readonly asked: number
  /** Number of nodes whose result was stored. */
  readonly answered: number
  readonly submissionAttempts: number
  /** Why the last attempt to submit the result failed. */
  readonly submissionCause: string | null
}

export interface SubtaskEntry {
  readonly subtaskId: string
  readonly nodeId: string
  readonly state: SubtaskState
  /** How often it was handed out. */
  readonly attempts: number
  readonly askedAt: number
  readonly leasedUntil: number | null
  readonly answeredAt: number | null
  readonly status: ResultStatus | null
}

/** What a node did with the tasks it was asked. */
export interface NodeActivity {
  /** Subtasks that wait for the node, and that it has taken. */
  readonly queued: number
  readonly leased: number
  /** Of the tasks it was asked since a moment: answered, answered with a failure, settled without it. */
  readonly answered: number
  readonly failed: number
  readonly missed: number
  /** Mean time from the question to the stored result, ms. Null: no result. */
  readonly meanMs: number | null
  /** Time of the last stored result. */
  readonly lastResultAt: number | null
}

export interface LeaderEntry {
  /** What it leads. */
  readonly name: string
  readonly heldForMs: number
}

export interface TaskFilter {
  readonly states?: readonly TaskState[]
  readonly limit: number
  /** The last entry of the page before. */
  readonly after?: Pick<TaskEntry, 'taskId' | 'receivedAt'>
}

/** What operators read and change. Times are epoch ms by the clock of the database. */
export interface TaskDirectory {
  /** Newest first. */
  list(filter: TaskFilter): Promise<readonly TaskEntry[]>
  /** The open task that was received first. */
  oldestOpen(): Promise<TaskEntry | undefined>
  /** Tasks whose uuid or ID is `text` or starts with it, newest first, at most `limit`. */
  find(text: string, limit: number): Promise<readonly TaskEntry[]>
  /** The subtasks of a task, by node. */
  subtasks(taskId: string): Promise<readonly SubtaskEntry[]>
  /** Has the result of a dead task submitted once more. False if the task is not dead (any more). */
  retry(taskId: string): Promise<boolean>
  /** By collection ID. Nodes that were not asked for `sinceMs` are missing. */
  nodeActivity(sinceMs: number): Promise<ReadonlyMap<string, NodeActivity>>
  /** The leaderships that are held at the moment. */
  leaders(): Promise<readonly LeaderEntry[]>
}
