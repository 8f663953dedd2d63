import { describe, expect, it } from 'vitest'
import { TaskQueue } from '../../src/poll/task-queue.ts'

describe('lane', () => {
  it('runs as many jobs at once as it may, and the others in the order they came', async () => {
    const lane = new TaskQueue({ running: 2, waiting: 2 })
    const started: number[] = []
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>())
    for (const [index, gate] of gates.entries()) {
      lane.add(() => {
        started.push(index)
        return gate.promise
      })
    }
    expect(started).toEqual([0, 1])
    expect(lane.hasCapacity).toBe(false)
    gates[1]?.resolve()
    await expect.poll(() => started).toEqual([0, 1, 2])
    expect(lane.hasCapacity).toBe(true)
    for (const gate of gates) gate.resolve()
    await lane.idle()
    expect(started).toEqual([0, 1, 2, 3])
    expect(lane.size).toBe(0)
  })

  it('has room for the first job without anywhere to wait', () => {
    const lane = new TaskQueue({ running: 1, waiting: 0 })
    expect(lane.hasCapacity).toBe(true)
    lane.add(() => new Promise(() => {}))
    expect(lane.hasCapacity).toBe(false)
  })
})
