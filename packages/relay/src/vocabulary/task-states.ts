/**
 * The states of tasks and subtasks, and the only moves between them.
 *
 * Task (`delivered`: its combined result was submitted):
 *
 *     open ──settle──▶ settled ──submit──▶ delivered
 *                        │  ▲                 │
 *                  abandon  └───resubmit──────┤
 *                        ▼                    │
 *                      dead ──resubmit, retry─┘ (back to settled)
 *
 * Subtask (one per node):
 *
 *     queued ──lease──▶ leased ──answer──▶ answered
 *       ▲                 │  │
 *       └─────requeue─────┘  └──exhaust (the last lease expired)──▶ exhausted
 *     queued, leased, exhausted ──miss (task settled without it)──▶ missed
 *
 * A result is accepted as long as the task is open, even if the lease has expired: the work of a slow node is not wasted.
 */
export const TASK_STATES = ['open', 'settled', 'delivered', 'dead'] as const
export type TaskState = (typeof TASK_STATES)[number]

export const SUBTASK_STATES = ['queued', 'leased', 'exhausted', 'answered', 'missed'] as const
export type SubtaskState = (typeof SUBTASK_STATES)[number]

interface Move<State extends string> {
  readonly from: readonly State[]
  readonly to: State
}

/** The moves of a task. SQL takes its `where state in (...)` and `set state = ...` from here. */
export const TASK_MOVES = {
  settle: { from: ['open'], to: 'settled' },
  submit: { from: ['settled'], to: 'delivered' },
  abandon: { from: ['settled'], to: 'dead' },
  /** The upstream sent the task again: its stored result is submitted again and never computed twice. */
  resubmit: { from: ['settled', 'delivered', 'dead'], to: 'settled' },
  /** An operator has the result of a dead task submitted once more. */
  retry: { from: ['dead'], to: 'settled' },
} as const satisfies Record<string, Move<TaskState>>

/** The moves of a subtask. */
export const SUBTASK_MOVES = {
  lease: { from: ['queued'], to: 'leased' },
  requeue: { from: ['leased'], to: 'queued' },
  exhaust: { from: ['leased'], to: 'exhausted' },
  /** `answered` is in `from` because a node submits its result again if it did not receive the response. */
  answer: { from: ['queued', 'leased', 'exhausted', 'answered'], to: 'answered' },
  miss: { from: ['queued', 'leased', 'exhausted'], to: 'missed' },
} as const satisfies Record<string, Move<SubtaskState>>
