/** Every benchmark that `npm run bench` runs. Its question is in the first lines of its file. */
export interface Benchmark {
  readonly name: string
  readonly file: string
  /** Must be named to run: it takes long, or needs something that is not on every machine. */
  readonly onlyByName?: boolean
}

export const BENCHMARKS: readonly Benchmark[] = [
  { name: 'relay/empty-poll', file: 'packages/relay/bench/empty-poll.ts' },
  { name: 'relay/two-relays', file: 'packages/relay/bench/two-relays.ts' },
  { name: 'relay/first-logins', file: 'packages/relay/bench/first-logins.ts' },
  { name: 'relay/held-poll-memory', file: 'packages/relay/bench/held-poll-memory.ts' },
  { name: 'relay/held-poll-wake-up', file: 'packages/relay/bench/held-poll-wake-up.ts' },
  { name: 'relay/thousand-nodes', file: 'packages/relay/bench/thousand-nodes.ts' },
  { name: 'relay/question-to-answer', file: 'packages/relay/bench/question-to-answer.ts' },
  { name: 'relay/tasks-per-second', file: 'packages/relay/bench/tasks-per-second.ts' },
  { name: 'relay/settle', file: 'packages/relay/bench/settle.ts' },
  { name: 'report', file: 'packages/report/bench/report-throughput.ts' },
  {
    name: 'cohort/statements',
    file: 'packages/cohort/bench/compare-statements.ts',
    onlyByName: true,
  },
]
