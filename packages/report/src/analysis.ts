import { buildNetwork } from './network/build-network.ts'
import type { Network } from './network/network.ts'
import { buildTopology } from './network/topology.ts'
import type { Topology } from './network/topology.ts'
import { followPoll } from './transactions/poll-transaction.ts'
import { followTask } from './transactions/task-transaction.ts'
import type { RawTransaction } from './transactions/transaction.ts'
import { diagnose } from './findings/diagnose.ts'
import type { Diagnosis } from './findings/diagnose.ts'
import type { Inputs } from './sources/read-inputs.ts'
import { findClockOffsets } from './timeline/clock-offsets.ts'
import type { ClockOffset, ClockOffsetOptions } from './timeline/clock-offsets.ts'

/** Everything the report knows, before the document is built. */
export interface Analysis {
  readonly inputs: Inputs
  readonly clockOffsets: readonly ClockOffset[]
  readonly network: Network
  readonly topology: Topology
  readonly diagnosis: Diagnosis
  readonly poll: RawTransaction | undefined
  readonly task: RawTransaction | undefined
  readonly expected: readonly string[] | undefined
}

export interface AnalysisOptions extends ClockOffsetOptions {
  /** Names of the expected clients; undefined without --expect. */
  expected: readonly string[] | undefined
}

/** Analyses what was read. Does not change `inputs`, so it can be called again as the logs grow. */
export function analyse(inputs: Inputs, options: AnalysisOptions): Analysis {
  const clockOffsets = findClockOffsets(inputs.sources, options)
  const network = buildNetwork(clockOffsets, options.expected)
  const topology = buildTopology(network)
  return {
    inputs,
    clockOffsets,
    network,
    topology,
    diagnosis: diagnose(network, topology, inputs.kubernetes),
    poll: followPoll(network, topology),
    task: followTask(network, topology),
    expected: options.expected,
  }
}
