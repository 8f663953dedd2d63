import { expect, it } from 'vitest'

import { TaskOverview } from '../../src/store/task-overview.ts'

it('finished tasks are counted so rarely that it takes 1% of the time, and the others each time', async () => {
  const clock = { now: 0 }
  const counted: string[] = []
  const overview = new TaskOverview(
    {
      run: async (operation) => {
        counted.push(operation)
        const isFinished = operation === 'count finished tasks'
        // With very many of them.
        if (isFinished) clock.now += 500
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return (isFinished ? { submitted: 7, dead: 1 } : { open: 2, settled: 3 }) as never
      },
    },
    () => clock.now,
  )
  for (let second = 0; second < 1_000; second++) {
    const { tasks } = await overview.count()
    expect(tasks).toMatchObject({ submitted: 7, dead: 1, open: 2, settled: 3 })
    clock.now += 1_000
  }
  expect(counted.filter((operation) => operation === 'count tasks')).toHaveLength(1_000)
  const finished = counted.filter((operation) => operation === 'count finished tasks').length
  expect(finished).toBeGreaterThan(15)
  expect(finished).toBeLessThanOrEqual(21)
})

it('a count that failed is repeated by the next call', async () => {
  let failures = 1
  const overview = new TaskOverview(
    {
      run: async (operation) => {
        if (operation === 'count finished tasks' && failures-- > 0) throw new Error('down')
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return { submitted: 7, dead: 1, open: 2, settled: 3 } as never
      },
    },
    () => 0,
  )
  await expect(overview.count()).rejects.toThrow('down')
  expect((await overview.count()).tasks.submitted).toBe(7)
})

it('a count that waited for the database is not kept for as long as it would take to make up for it', async () => {
  const clock = { now: 0 }
  let takesMs = 20_000
  let submitted = 7
  const overview = new TaskOverview(
    {
      run: async (operation) => {
        if (operation === 'count finished tasks') clock.now += takesMs
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return { submitted, dead: 1, open: 2, settled: 3 } as never
      },
    },
    () => clock.now,
  )
  expect((await overview.count()).tasks.submitted).toBe(7)
  takesMs = 1
  submitted = 8
  clock.now += 61_000
  expect((await overview.count()).tasks.submitted).toBe(8)
})
