import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** A metric, for its documentation. */
export interface MetricDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

export interface Metrics {
  /** For a library that needs a prom-client registry. */
  readonly registry: Registry
  readonly contentType: string
  /** Adds the prefix to every name. Labels must be bounded sets: node names are, task IDs are not. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>
  /** Buckets in seconds. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>
  /** The metrics that were added, without those of the process. */
  readonly definitions: readonly MetricDefinition[]
  /** The metrics in the text format of Prometheus. */
  text(): Promise<string>
}

// From half a millisecond (an empty poll) to half a minute (a held one).
const DEFAULT_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10, 30]

/** A separate registry, so that two programs can share a process. `process` adds memory, CPU and event loop. */
export function createMetrics(
  prefix: string,
  { process: processMetrics = true }: { process?: boolean } = {},
): Metrics {
  const registry = new Registry()
  if (processMetrics) collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const definitions: MetricDefinition[] = []
  const define = (
    type: MetricDefinition['type'],
    name: string,
    help: string,
    labels: readonly string[],
  ): string => {
    definitions.push({ name: prefix + name, type, help, labels })
    return prefix + name
  }
  return {
    definitions,
    registry,
    contentType: registry.contentType,
    counter: (name, help, labels = []) =>
      new Counter({
        name: define('counter', name, help, labels),
        help,
        labelNames: [...labels],
        registers,
      }),
    gauge: (name, help, labels = []) =>
      new Gauge({
        name: define('gauge', name, help, labels),
        help,
        labelNames: [...labels],
        registers,
      }),
    histogram: (name, help, labels = [], buckets = DEFAULT_BUCKETS_S) =>
      new Histogram({
        name: define('histogram', name, help, labels),
        help,
        labelNames: [...labels],
        buckets: [...buckets],
        registers,
      }),
    text: () => registry.metrics(),
  }
}
