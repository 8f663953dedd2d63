import { format, resolveConfig } from 'prettier'

import { bunnyMetricDefinitions } from '../../packages/bunny/src/index.ts'
import { relayMetricDefinitions } from '../../packages/relay/src/index.ts'
import type { MetricDefinition } from '../../packages/runtime/src/index.ts'

export const METRICS_PAGE = 'docs/metrics.md'

const INTRODUCTION = `# Metrics

<!-- Generated from the definitions in the source by \`npm run docs:write\`. Do not edit. -->

The bunny and the relay serve metrics in the text format of Prometheus, together with those of the process and of Node.js
(\`process_…\`, \`nodejs_…\`). The upstream has none. Every label has a bounded set of values. No metric of a bunny depends on a
count of patients, a concept or a task. A histogram has the series \`…_bucket\`, \`…_sum\` and \`…_count\`.

[Health of a bunny](health.md) has examples of alerts.
`

const SECTIONS = [
  {
    title: 'Bunny',
    about:
      'At `/metrics` on `BUNNY_HEALTH_ADDRESS`, which is off by default. `link` is the name of the relay (`TASK_API_NAME`, `TASK_API_2_NAME`).',
    definitions: bunnyMetricDefinitions(),
  },
  {
    title: 'Relay',
    about:
      'At `/metrics` (`RELAY_METRICS_PATH`), for this machine, `RELAY_METRICS_READERS` and holders of `RELAY_METRICS_TOKEN`. `node` is the name of a node.',
    definitions: relayMetricDefinitions(),
  },
]

/** The text of docs/metrics.md. */
export async function metricsPage(): Promise<string> {
  const sections = SECTIONS.map(({ title, about, definitions }) =>
    [
      `## ${title}`,
      about,
      [
        '| Metric | Type | Labels | Meaning |',
        '| --- | --- | --- | --- |',
        ...definitions.map((one) => row(one)),
      ].join('\n'),
    ].join('\n\n'),
  )
  const text = [INTRODUCTION, ...sections].join('\n\n')
  return format(text, { ...(await resolveConfig(METRICS_PAGE)), parser: 'markdown' })
}

function row({ name, type, labels, help }: MetricDefinition): string {
  return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help}. |`
}
