import type { DisclosurePolicy } from '@warren/disclosure'
import type { JsonObject } from '@warren/task-api'
import type { Logger } from '@warren/runtime'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { RelayStore, TaskKind } from '../store/relay-store.ts'

export interface TaskDeskOptions {
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly log: Logger
  /** Hiding and rounding of the sums. */
  readonly disclosure: DisclosurePolicy
  /** How long answers are collected, ms. Default 240,000 (availability) and 6,480,000 (distribution). */
  readonly deadlineMs?: Readonly<Record<TaskKind, number>>
  /** How long a node keeps a task before it is given out again, ms. Default 60,000 and 1,800,000. */
  readonly leaseMs?: Readonly<Record<TaskKind, number>>
  /** How often a subtask is handed out at most. Default 5. */
  readonly maxAttempts?: number
  /** Keep the nodes' own answers after settling. Default false. */
  readonly keepAnswers?: boolean
  /** How long final results are remembered after delivery, ms. Default 86,400,000. */
  readonly resultRetentionMs?: number
  /** Leave rows suppressed to 0 out of distributions. Default false: kept, as today. */
  readonly dropSuppressedRows?: boolean
  /** Say "answered by 3 of 4 nodes" in `message`. Default true. */
  readonly reportCoverage?: boolean
  readonly now?: () => number
  readonly newUuid?: () => string
  /** Told what happened, after it is committed; for metrics and for waking up deliveries. Must not throw. */
  readonly onEvent?: (event: DeskEvent) => void
}

/** taskId is the upstream's uuid, as in the logs. */
export type DeskEvent =
  | {
      readonly event: 'task admitted'
      readonly taskId: string
      readonly upstream: string
      readonly kind: TaskKind
      readonly nodes: number
    }
  | { readonly event: 'task redelivered'; readonly taskId: string; readonly upstream: string }
  | {
      readonly event: 'task handed out'
      readonly taskId: string
      readonly nodeId: string
      readonly kind: TaskKind
      readonly attempt: number
      readonly queuedMs?: number
    }
  | {
      readonly event: 'answer stored'
      readonly taskId: string
      readonly nodeId: string
      readonly status: 'ok' | 'error'
    }
  | {
      readonly event: 'answer late' | 'answer rejected'
      readonly nodeId: string
      readonly taskId?: string
    }
  | {
      readonly event: 'lease returned'
      readonly taskId: string
      readonly nodeId: string
      readonly exhausted: boolean
    }
  | {
      readonly event: 'task settled'
      readonly taskId: string
      readonly upstream: string
      readonly kind: TaskKind
      readonly asked: number
      readonly answered: number
      readonly failed: number
      readonly late: number
    }

export type IntakeOutcome =
  | { readonly outcome: 'admitted'; readonly taskId: string; readonly nodes: number }
  /** Known and open: nothing to do. */
  | { readonly outcome: 'known'; readonly taskId: string }
  /** Its final result is (again) waiting for delivery. */
  | { readonly outcome: 'settled'; readonly taskId: string }
  /** Not even a uuid to answer to: logged and dropped. */
  | {
      readonly outcome: 'unreadable'
      readonly problems: readonly { path: string; message: string }[]
    }

export interface HandedOutTask {
  /** What to send the node: the upstream's task with uuid, collection and owner replaced. */
  readonly body: JsonObject
  readonly subtaskId: string
  /** The upstream's uuid. */
  readonly taskId: string
  readonly attempt: number
}

/**
 * The life of a task between the HTTP half (nodes) and the upstream half. Every method is safe to
 * call from several relays on one database. Rejects with the store's error if the store is down
 * (nothing was changed then: answer 503 and let the caller repeat).
 */
export declare class TaskDesk implements AsyncDisposable {
  constructor(options: TaskDeskOptions)
  /** Takes in one task as received (parsed JSON). Resolves once it is committed. */
  intake(upstream: string, task: unknown): Promise<IntakeOutcome>
  /**
   * The node's next task, or null. With `waitMs` waits for one that long (long poll). If `signal`
   * aborts before it resolves, a lease just taken is put back at once.
   */
  lease(
    nodeId: string,
    options: {
      kind?: TaskKind | undefined
      waitMs?: number | undefined
      signal?: AbortSignal | undefined
      requestId: string
    },
  ): Promise<HandedOutTask | null>
  /** Puts a task back that could not be sent (connection gone before the response was written). */
  putBack(task: HandedOutTask): Promise<void>
  /**
   * A node's result (parsed JSON), stored before this resolves. `subtaskUuid` in any GUID spelling.
   * Throws ResultFormatError for what is not a result (400).
   */
  answer(
    nodeId: string,
    subtaskUuid: string,
    result: unknown,
    requestId: string,
  ): Promise<'stored' | 'late' | 'not-theirs'>
  /**
   * Leases, deadlines, settling, forgetting, queue. Call every few seconds; never rejects, a step that
   * fails is logged and does not keep the others from running. Overlapping calls are joined.
   */
  sweep(): Promise<void>
  /** Resolves when all settling under way or due in this process is finished. */
  idle(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
