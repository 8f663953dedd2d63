import { describe, expect, it } from 'vitest'
import { FAULT_KINDS } from '../../chaos/fault-kinds.ts'
import { planRun, type PlanOptions } from '../../chaos/plan.ts'

const OPTIONS: PlanOptions = {
  seed: 1,
  tasks: 300,
  lengthMs: 600_000,
  relays: ['relay-1', 'relay-2'],
  nodes: ['node-1', 'bunny-1'],
  bunnies: ['bunny-1'],
  has: ['postgres', 'rabbitmq', 'mount', 'two relays'],
}

describe('the plan of a chaos run', () => {
  it('depends only on the seed and the options', () => {
    expect(planRun(OPTIONS)).toEqual(planRun(OPTIONS))
    expect(planRun({ ...OPTIONS, seed: 2 }).tasks).not.toEqual(planRun(OPTIONS).tasks)
    expect(planRun({ ...OPTIONS, seed: 2 }).faults).not.toEqual(planRun(OPTIONS).faults)
  })

  it('asks the planned number of different questions of every kind, within the time', () => {
    const { tasks } = planRun(OPTIONS)
    expect(new Set(tasks.map(({ uuid }) => uuid)).size).toBe(300)
    expect(new Set(tasks.map(({ kind }) => kind)).size).toBe(3)
    expect(new Set(tasks.map(({ manner }) => manner)).size).toBe(2)
    expect(tasks.every(({ atMs }) => atMs >= 0 && atMs < 600_000)).toBe(true)
    for (const { uuid } of tasks)
      expect(uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/)
  })

  it('plans every fault that the network can have, over some seeds', () => {
    const seeds = [1, 2, 3, 4, 5]
    const names = seeds.flatMap((seed) =>
      planRun({ ...OPTIONS, seed }).faults.map(({ name }) => name),
    )
    const possible = Object.keys(FAULT_KINDS).filter((name) => name !== 'database locked')
    expect(new Set(names)).toEqual(new Set(possible))
  })

  it('never lets two faults of the same thing overlap, and ends the last one before the tasks', () => {
    const { faults, lengthMs } = planRun(OPTIONS)
    for (const [index, fault] of faults.entries()) {
      expect(fault.atMs + fault.forMs).toBeLessThan(lengthMs)
      const same = faults
        .slice(index + 1)
        .filter(
          (other) =>
            FAULT_KINDS[other.name].scope === FAULT_KINDS[fault.name].scope &&
            other.relay === fault.relay &&
            other.manner === fault.manner &&
            other.node === fault.node,
        )
      for (const other of same) expect(other.atMs).toBeGreaterThan(fault.atMs + fault.forMs)
    }
  })

  it('leaves out faults that need what the network does not have', () => {
    const { faults } = planRun({ ...OPTIONS, has: ['sqlite'], relays: ['relay-1'] })
    const names = new Set(faults.map(({ name }) => name))
    expect(names).toContain('database locked')
    expect(names).not.toContain('database restart')
    expect(names).not.toContain('broker kill')
    expect(names).not.toContain('database full')
  })

  it('plans only the given faults', () => {
    const { faults } = planRun({ ...OPTIONS, only: ['relay kill'] })
    expect(new Set(faults.map(({ name }) => name))).toEqual(new Set(['relay kill']))
  })
})
