import { faultPairs } from './scenarios/fault-pairs.ts'
import { halfHours } from './scenarios/half-hour.ts'
import {
  churningRuns,
  crowdedRuns,
  healthyRuns,
  idleWithoutServiceLogs,
  midnightRuns,
  missingSources,
  noisyRuns,
  offClockRuns,
} from './scenarios/healthy-runs.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { oneSidedFaults, singleFaults } from './scenarios/single-faults.ts'

/**
 * All scenarios of the score, always in the same order.
 * @param options.seed gives other phases, latencies and IDs, to verify that a fix does not fit one seed only
 */
export function scenarios(options: { allPairs?: boolean; seed?: string } = {}): Scenario[] {
  const { seed } = options
  const all = scenariosInOrder(options.allPairs === true)
  if (seed === undefined) return all
  return all.map((scenario) => ({
    ...scenario,
    plan: { ...scenario.plan, seed: `${scenario.plan.seed} ${seed}` },
  }))
}

function scenariosInOrder(allPairs: boolean): Scenario[] {
  return [
    ...halfHours(),
    ...healthyRuns(),
    ...noisyRuns(),
    ...offClockRuns(),
    ...midnightRuns(),
    ...crowdedRuns(),
    ...missingSources(),
    ...idleWithoutServiceLogs(),
    ...churningRuns(),
    ...singleFaults(),
    ...oneSidedFaults(),
    ...faultPairs(allPairs),
  ]
}
