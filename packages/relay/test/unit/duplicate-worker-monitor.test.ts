import { describe, expect, it } from 'vitest'
import { DuplicateWorkerMonitor } from '../../src/nodes/duplicate-worker-monitor.ts'

/** What is logged if these workers poll five seconds apart, in this order. */
function loggedFor(workers: readonly string[]): unknown[] {
  const lines: unknown[] = []
  const watch = new DuplicateWorkerMonitor(
    { warn: (fields: unknown) => void lines.push(fields) },
    'node-1',
  )
  workers.forEach((worker, n) => watch.observe(worker, 'site-a', n * 5_000))
  return lines
}

const times = (n: number, workers: readonly string[]): string[] =>
  Array.from({ length: n }, () => workers).flat()

describe('workers that poll one node', () => {
  it('are logged once a minute while they alternate', () => {
    expect(loggedFor(times(12, ['a', 'b']))).toEqual([
      { user: 'site-a', node: 'node-1', periodMs: 10_000 },
      { user: 'site-a', node: 'node-1', periodMs: 10_000 },
    ])
    expect(loggedFor(times(6, ['a', 'b', 'c']))).toHaveLength(2)
  })

  it('are not logged if one replaces another, even if the first polls once more', () => {
    expect(loggedFor([...times(10, ['a']), 'b', 'a', ...times(10, ['b'])])).toEqual([])
    expect(loggedFor(['a', 'b', 'c', 'd', 'e', 'f'])).toEqual([])
  })

  it('are not detected without X-Worker-Id', () => {
    expect(loggedFor(times(10, ['', 'a']))).toEqual([])
  })
})
