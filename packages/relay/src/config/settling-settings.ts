import { booleanSetting, durationSetting, integerSetting, setting } from '@warren/runtime'

/** How the results of nodes become one combined result. */
export const settlingSettings = {
  dropSuppressedRows: setting({
    name: 'RELAY_DROP_SUPPRESSED_ROWS',
    schema: booleanSetting(),
    default: false,
    description: 'Omit suppressed rows from distributions, instead of listing them with 0.',
  }),
  minAnsweringNodes: setting({
    name: 'RELAY_MIN_ANSWERING_NODES',
    schema: integerSetting(1, 100_000),
    default: 1,
    description:
      'Number of nodes whose results must be usable. With fewer, nothing is published: the upstream receives an error that says so. A combined result of one node is the result of that node.',
  }),
  reportCoverage: setting({
    name: 'RELAY_REPORT_COVERAGE',
    schema: booleanSetting(),
    default: true,
    description:
      'Report to the upstream how many nodes answered, for example "answered by 3 of 4 nodes".',
  }),
  keepNodeResults: setting({
    name: 'RELAY_KEEP_NODE_RESULTS',
    aliases: ['RELAY_KEEP_ANSWERS', 'Database__RetainCompletedTaskState'],
    schema: booleanSetting(),
    default: false,
    description: "Keep each node's result after the task is settled.",
  }),
  silentNodeAfterMs: setting({
    name: 'RELAY_SILENT_NODE_AFTER',
    schema: durationSetting({ unit: 's', minMs: 0, maxMs: 86_400_000 }),
    default: 120_000,
    unit: 's',
    description:
      'A node that has not polled for this long is asked, but a task is settled without it once the other nodes have answered. 0: the relay waits for every node until the deadline. Must exceed the longest polling interval of the nodes by a minute.',
  }),
  silentNodeGraceMs: setting({
    name: 'RELAY_SILENT_NODE_GRACE',
    schema: durationSetting({ unit: 's', minMs: 0, maxMs: 3_600_000 }),
    default: 5_000,
    unit: 's',
    description:
      'How long a task waits for such nodes after the last result of the others. A node that polls in this time is waited for.',
  }),
  maxNodeCount: setting({
    name: 'RELAY_MAX_NODE_COUNT',
    // With 90,000 nodes, a sum is still an exact number.
    schema: integerSetting(1, 100_000_000_000),
    default: 1_000_000_000,
    unit: 'people',
    description:
      'Largest count that a node may report. A larger one is left out, and the log names the node.',
  }),
  maxNodeRows: setting({
    name: 'RELAY_MAX_NODE_ROWS',
    schema: integerSetting(1, 10_000_000),
    default: 200_000,
    unit: 'rows',
    description:
      'How many rows of a distribution are read per node. Further rows are left out, and the log names the node.',
  }),
  maxCombinedBytes: setting({
    name: 'RELAY_MAX_COMBINED_BYTES',
    schema: integerSetting(10_000, 200_000_000),
    default: 30_000_000,
    unit: 'bytes',
    description:
      'Largest combined result, at most what the upstream accepts. Rows beyond it are left out, those of the largest results first.',
  }),
}
