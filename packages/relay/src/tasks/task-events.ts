import type { TaskKind } from '../store/relay-store.ts'

/**
 * What the task service tells its owner, after it is committed: for metrics, and for waking up deliveries.
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
      /** It was the last attempt. */
      readonly exhausted: boolean
    }
  /** Its final result waits for delivery. */
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
