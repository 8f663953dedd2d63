import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

import { addNodes, describeStores } from './store-bench.ts'

const WORKER = fileURLToPath(import.meta.resolve('./store-kill-worker.ts'))

/** The uuids that a relay process had printed when it was killed, by step. */
interface Reported {
  readonly admitted: string[]
  readonly answered: string[]
  readonly settled: string[]
}

describeStores('a relay that is killed without warning', (openBench) => {
  it('has stored every step it had reported, three times in a row', async () => {
    await using bench = await openBench()
    bench.clock.now = Date.now() + 3_600_000
    const store = bench.open()
    const nodes = await addNodes(store, 2)
    const reported: Reported = { admitted: [], answered: [], settled: [] }
    for (let life = 0; life < 3; life++) {
      await runAndKill(bench, nodes, reported, 25 + life * 17)
    }
    expect(reported.admitted.length).toBeGreaterThan(20)
    expect(reported.answered.length).toBeGreaterThan(20)
    expect(reported.settled.length).toBeGreaterThan(10)

    const tasks = new Map((await bench.listTasks()).map((task) => [task.uuid, task]))
    for (const uuid of reported.admitted) {
      const subtasks = Object.values(tasks.get(uuid)?.subtasks ?? {})
      // A task is stored with all its subtasks or not at all.
      expect(subtasks.reduce((sum, number) => sum + number, 0)).toBe(2)
    }
    for (const uuid of reported.settled) {
      expect(tasks.get(uuid)).toMatchObject({ state: 'settled', subtasks: { answered: 2 } })
    }
    for (const uuid of reported.answered) {
      expect(tasks.get(uuid)?.subtasks['answered']).toBeGreaterThan(0)
    }
    // The next relay finishes the tasks that are still open.
    await store.tasks.returnExpiredLeases(99)
    const open = [...tasks.values()].filter(({ state }) => state === 'open').length
    const due = await store.tasks.findDueTasks('availability', { limit: 10_000, silence: null })
    expect(due).toHaveLength(open)
  }, 90_000)
})

/** Starts a relay process and kills it when it has printed `lines` lines. */
async function runAndKill(
  bench: { technology: string; url: string },
  nodes: readonly string[],
  reported: Reported,
  lines: number,
): Promise<void> {
  const args = [WORKER, bench.technology, bench.url, ...nodes]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, uuid = ''] = line.split(' ')
    if (what === 'admitted') reported.admitted.push(uuid)
    else if (what === 'answered') reported.answered.push(uuid)
    else if (what === 'settled') reported.settled.push(uuid)
    else throw new Error(`unexpected output of the relay process: ${line}`)
    if (++seen === lines) child.kill('SIGKILL')
  }
  expect(await ended).toEqual([null, 'SIGKILL'])
}
