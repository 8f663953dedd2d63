// Loaded into a server with `--import`: reports its memory after a garbage collection, when its parent asks for it.
import { setTimeout as delay } from 'node:timers/promises'

/** Collections until what finalizers release is gone too. */
const COLLECTIONS = 4

process.on('message', (message) => {
  if (message === 'memory') void report()
})
process.channel?.unref()

async function report(): Promise<void> {
  for (let collected = 0; collected < COLLECTIONS; collected += 1) {
    globalThis.gc?.()
    await delay(100)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send?.({ used: heapUsed + external, resident: rss })
}
