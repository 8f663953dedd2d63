import type { TaskKind } from '../outbox/task-store.ts'

/** What one collection at one relay does now. */
export interface CollectionStatus {
  /** The name of the relay. */
  readonly link: string
  /** According to the last poll whose response says so. */
  readonly login: 'unknown' | 'accepted' | 'rejected'
  /** When the relay last answered a poll, milliseconds since 1970. */
  readonly lastPollAt: number | undefined
  /** Tasks that are being solved, that wait for it, and that wait for approval. */
  readonly tasks: Readonly<
    Record<TaskKind, { readonly running: number; readonly waiting: number }>
  > & {
    readonly held: number
  }
  /** Results that wait to be submitted. */
  readonly waitingResults: number
}

/** As a member of the body of `/readyz`. */
export const statusDocument = ({
  link,
  login,
  lastPollAt,
  tasks,
  waitingResults,
}: CollectionStatus) => ({
  link,
  login,
  lastPollAt: lastPollAt === undefined ? null : new Date(lastPollAt).toISOString(),
  tasks,
  results: { waiting: waitingResults },
})
