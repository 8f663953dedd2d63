import type { RunHistory } from './history.ts'

/** Records a line of a relay's JSON log with the task that it is about. */
export function recordRelayLine(line: string, relay: string, history: RunHistory): void {
  if (!line.includes('"taskId"')) return
  const record = parseLine(line)
  const taskId = record?.['taskId']
  const event = record?.['msg']
  if (typeof taskId !== 'string' || typeof event !== 'string') return
  history.find(taskId)?.events.push({ atMs: history.now, relay, event })
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
