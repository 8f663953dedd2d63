/**
 * The states a task and its subtasks go through, and the only moves between them.
 *
 * Task:
 *
 *     open ──settle──▶ settled ──deliver──▶ delivered
 *                        │  ▲                  │
 *                  give up  └──redelivered─────┤
 *                        ▼                     │
 *                      dead ──redelivered──────┘ (back to settled)
 *
 * Subtask (one per node):
 *
 *     queued ──lease──▶ leased ──answer──▶ answered
 *       ▲                 │  │
 *       └──lease ran out──┘  └──last lease ran out──▶ exhausted
 *     queued, leased, exhausted ──task settled without it──▶ missed
 *
 * An answer is welcome as long as the task is open, whatever became of the lease: work a node has
 * done is never thrown away because it was slow.
 */
export const TASK_STATES = ['open', 'settled', 'delivered', 'dead'] as const
export type TaskState = (typeof TASK_STATES)[number]

export const SUBTASK_STATES = ['queued', 'leased', 'exhausted', 'answered', 'missed'] as const
export type SubtaskState = (typeof SUBTASK_STATES)[number]

interface Move<State extends string> {
  readonly from: readonly State[]
  readonly to: State
}

/** Every move a task may make. SQL takes its `where state in (...)` and `set state = ...` from here. */
export const TASK_MOVES = {
  settle: { from: ['open'], to: 'settled' },
  submit: { from: ['settled'], to: 'delivered' },
  abandon: { from: ['settled'], to: 'dead' },
  /** The upstream asked again: the stored answer is sent again, it is never computed twice. */
  resubmit: { from: ['settled', 'delivered', 'dead'], to: 'settled' },
} as const satisfies Record<string, Move<TaskState>>

/** Every move a subtask may make. */
export const SUBTASK_MOVES = {
  lease: { from: ['queued'], to: 'leased' },
  requeue: { from: ['leased'], to: 'queued' },
  exhaust: { from: ['leased'], to: 'exhausted' },
  /** `answered` is in `from` because a node repeats a post whose response it never saw. */
  answer: { from: ['queued', 'leased', 'exhausted', 'answered'], to: 'answered' },
  miss: { from: ['queued', 'leased', 'exhausted'], to: 'missed' },
} as const satisfies Record<string, Move<SubtaskState>>
