import type { Clock } from '../clock.ts'
import type { Decision, HeldFolder } from './held-folder.ts'

/** The command line may run in another process, so decisions are found by looking. */
const CHECK_INTERVAL_MS = 1000

/** Resolves with the decision, or `undefined` when the deadline passes or `stop` aborts first. */
export async function waitForDecision(
  folder: HeldFolder,
  id: string,
  { clock, deadline, stop }: { clock: Clock; deadline: AbortSignal; stop: AbortSignal },
): Promise<Decision | undefined> {
  while (!deadline.aborted && !stop.aborted) {
    const decision = await folder.decisionOn(id)
    if (decision !== undefined) return decision
    await clock.sleep(CHECK_INTERVAL_MS, stop)
  }
  return undefined
}
