import type { ClientPlan } from './plan.ts'

/** The relay's response to an accepted request. `at` may be in the future because a poll may be held. */
export type RelayAnswer = (arrivedAt: number, heldUntil: number) => { status: number; at: number }

/** One request of a client. */
export interface Request {
  readonly client: ClientPlan
  readonly requestId: string
  readonly method: 'GET' | 'POST'
  /** Path of the URL, with the collection ID. */
  readonly path: string
  /** How long the client asks the relay to hold an empty poll, seconds. */
  readonly waitSeconds: number
  /** What the relay does with an accepted request. */
  readonly handle: RelayAnswer
}
