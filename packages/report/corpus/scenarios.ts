import { faultPairs } from './scenarios/fault-pairs.ts'
import { halfHours } from './scenarios/half-hour.ts'
import {
  churningRuns,
  healthyRuns,
  midnightRuns,
  missingSources,
  noisyRuns,
  offClockRuns,
} from './scenarios/healthy-runs.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { oneSidedFaults, singleFaults } from './scenarios/single-faults.ts'

/** Everything the report is scored by, always in the same order. */
export function scenarios(options: { allPairs?: boolean } = {}): Scenario[] {
  return [
    ...halfHours(),
    ...healthyRuns(),
    ...noisyRuns(),
    ...offClockRuns(),
    ...midnightRuns(),
    ...missingSources(),
    ...churningRuns(),
    ...singleFaults(),
    ...oneSidedFaults(),
    ...faultPairs(options.allPairs === true),
  ]
}
