import type { TaskKind } from '../vocabulary/task-kind.ts'

/**
 * Events of the task service, emitted after the change is committed. They update metrics and wake the result submitter.
 * `taskId` is the upstream's uuid, as in the logs.
 */
export type TaskEvent =
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
    }
  | {
      readonly event: 'result stored'
      readonly taskId: string
      readonly nodeId: string
      readonly status: 'ok' | 'error'
    }
  | { readonly event: 'result late' | 'result rejected'; readonly nodeId: string }
  | {
      readonly event: 'lease returned'
      readonly taskId: string
      readonly nodeId: string
      /** This was the last attempt. */
      readonly exhausted: boolean
    }
  /** Its combined result is ready to be submitted. */
  | {
      readonly event: 'task settled'
      readonly taskId: string
      readonly upstream: string
      readonly kind: TaskKind
      readonly asked: number
      readonly answered: number
      readonly partial: number
      readonly failed: number
      readonly late: number
    }
