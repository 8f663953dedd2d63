import { describe, expect, it } from 'vitest'
import { TaskQueue } from '../../src/poll/task-queue.ts'

describe('task queue', () => {
  it('runs tasks up to its limit, and the others in the order of arrival', async () => {
    const queue = new TaskQueue({ running: 2, waiting: 2 })
    const started: number[] = []
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>())
    for (const [index, gate] of gates.entries()) {
      queue.add(() => {
        started.push(index)
        return gate.promise
      })
    }
    expect(started).toEqual([0, 1])
    expect(queue.hasCapacity).toBe(false)
    gates[1]?.resolve()
    await expect.poll(() => started).toEqual([0, 1, 2])
    expect(queue.hasCapacity).toBe(true)
    for (const gate of gates) gate.resolve()
    await queue.idle()
    expect(started).toEqual([0, 1, 2, 3])
    expect(queue.size).toBe(0)
  })

  it('has capacity for the first task if no task may wait', () => {
    const queue = new TaskQueue({ running: 1, waiting: 0 })
    expect(queue.hasCapacity).toBe(true)
    queue.add(() => new Promise(() => {}))
    expect(queue.hasCapacity).toBe(false)
  })
})
