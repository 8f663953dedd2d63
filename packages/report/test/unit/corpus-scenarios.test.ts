import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { scenarios } from '../../corpus/scenarios.ts'
import { collect } from '../../corpus/scenarios/collect.ts'
import type { Scenario } from '../../corpus/scenarios/scenario.ts'
import { faultNames } from '../../corpus/scenarios/single-faults.ts'
import { WRAPPERS } from '../../corpus/wrappers/wrapper-kinds.ts'
import { WRITERS } from '../../corpus/writers/writer-kinds.ts'
import { CAUSES } from '../../src/vocabulary/cause.ts'

const ALL = scenarios()

function named(name: string): Scenario {
  const scenario = ALL.find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new Error(`unknown scenario "${name}"`)
  return scenario
}

function logOf(scenario: Scenario, of: string): string[] {
  const file = collect(scenario).find(({ logs }) => logs.some((log) => log.of === of))
  if (file === undefined) throw new Error(`${scenario.name} has no log of ${of}`)
  const bytes = file.path.endsWith('.gz') ? gunzipSync(file.bytes) : file.bytes
  return bytes.toString('utf8').split('\n').slice(0, -1)
}

/** The prefix that `kubectl logs --prefix --timestamps` adds to each line. */
const KUBECTL = String.raw`^\[pod/[\w-]+/\w+\] 2025-09-26T0[67]:\d\d:\d\d\.\d{9}Z `

describe('the scenarios', () => {
  it('have unique names', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length)
  })

  it('cover every fault alone, and the report has a cause for it', () => {
    for (const fault of faultNames()) {
      expect(CAUSES).toContain(fault)
      const own = ALL.filter(
        ({ plan }) => plan.faults.length === 1 && plan.faults[0]?.name === fault,
      )
      expect(own.length, fault).toBeGreaterThan(1)
      expect(
        own.some(({ truth }) => truth.findings.some(({ causes }) => causes.includes(fault))),
      ).toBe(true)
    }
  })

  it('cover healthy networks: idle, serving, connection churn', () => {
    const links = ALL.map(({ truth }) => truth.links)
    expect(links).toContain('healthy-idle')
    expect(links).toContain('serving')
    const expected = ALL.flatMap(({ truth }) => truth.findings.flatMap(({ causes }) => causes))
    expect(expected).toContain('broker-connection-churn')
  })

  it('combine every fault with others', () => {
    const paired = ALL.filter(({ plan }) => plan.faults.length === 2)
    const met = new Set(paired.flatMap(({ plan }) => plan.faults.map(({ name }) => name)))
    // A suspension takes longer than the half hour that two faults share.
    expect(faultNames().filter((name) => !met.has(name))).toEqual(['upstream-suspension'])
  })

  it('use every writer and every wrapper, compressed and not', () => {
    const logs = ALL.flatMap((scenario) => scenario.logs)
    expect(new Set(logs.map(({ writer }) => writer))).toEqual(new Set(Object.keys(WRITERS)))
    expect(new Set(logs.map(({ wrapper }) => wrapper))).toEqual(new Set(Object.keys(WRAPPERS)))
    expect(new Set(logs.map(({ gzip }) => gzip))).toEqual(new Set([true, false]))
  })

  it('have at least twenty healthy runs, and twenty with noise', () => {
    expect(ALL.filter(({ group }) => group === 'healthy').length).toBeGreaterThanOrEqual(20)
    expect(ALL.filter(({ group }) => group === 'healthy with noise').length).toBeGreaterThanOrEqual(
      20,
    )
  })

  it('give the same bytes in every run', () => {
    const scenario = named('healthy with noise 5: old, idle')
    expect(collect(scenario)).toEqual(collect(scenario))
  })
})

describe('the healthy half hour, line by line', () => {
  const halfHour = named('healthy-half-hour')

  it.each([
    [
      'site-a',
      String.raw`DEBUG - 26-Sep-25 07:\d\d:\d\d - Sending get request to https://relay\.example\.org/link_connector_api/task/nextjob/\[REDACTED\]$`,
    ],
    [
      'site-a',
      String.raw`DEBUG - 26-Sep-25 07:\d\d:\d\d - Sending get request to \S+/nextjob/\[REDACTED\] with data None and kwargs \{\}$`,
    ],
    ['site-a', String.raw`DEBUG - 26-Sep-25 07:\d\d:\d\d - Response Status: 204$`],
    [
      'site-a',
      String.raw`DEBUG - 26-Sep-25 07:\d\d:\d\d - No task found\. Looking for task\.\.\.$`,
    ],
    [
      'relay',
      String.raw`\[07:\d\d:\d\d INF\] Executed DbCommand \(1ms\) \[Parameters=\[@__normalizedUserName_0='\?'\], CommandType='Text', CommandTimeout='30'\]( <s:\S+>)?$`,
    ],
    [
      'relay',
      String.raw`\[07:\d\d:\d\d INF\] Credentials validated for Client: site-[abc]( <s:\S+>)?$`,
    ],
    [
      'relay',
      String.raw`\[07:\d\d:\d\d INF\] HTTP GET /link_connector_api/task/nextjob/[0-9a-f-]{36} responded 204 in 1\d\d\.\d{4} ms( <s:\S+>)?$`,
    ],
    [
      'relay',
      String.raw`\[07:\d\d:\d\d INF\] Basic was not authenticated\. Failure message: Missing Authorization Header( <s:\S+>)?$`,
    ],
    [
      'relay',
      String.raw`\[07:\d\d:\d\d INF\] HTTP GET /healthz responded 200 in \d\.\d{4} ms( <s:\S+>)?$`,
    ],
    ['relay', String.raw`\[07:\d\d:\d\d INF\] Finding Tasks that are expiring\.\.\.( <s:\S+>)?$`],
    [
      'broker',
      String.raw`2025-09-26 0[67]:\d\d:\d\d\.\d{6}\+00:00 \[info\] <0\.\d+\.0> accepting AMQP connection <0\.\d+\.0> \([\d.]+:\d+ -> [\d.]+:5672\)$`,
    ],
    [
      'broker',
      String.raw`2025-09-26 0[67]:\d\d:\d\d\.\d{6}\+00:00 \[info\] <0\.\d+\.0> connection <0\.\d+\.0> \(.*\): user 'relay' authenticated and granted access to vhost '/'$`,
    ],
    [
      'broker',
      String.raw`2025-09-26 0[67]:\d\d:\d\d\.\d{6}\+00:00 \[info\] <0\.\d+\.0> closing AMQP connection <0\.\d+\.0> \(.*, vhost: '/', user: 'relay'\)$`,
    ],
  ])('%s logs %s', (of, line) => {
    const golden = new RegExp(KUBECTL + line)
    expect(logOf(halfHour, of).filter((text) => golden.test(text)).length).toBeGreaterThan(100)
  })

  it('contains no failure', () => {
    for (const { of } of halfHour.logs) {
      const failed = logOf(halfHour, of).filter((line) =>
        /ERROR|WARN|ERR\]|FTL|\b50\d\b in/.test(line),
      )
      expect(failed).toEqual([])
    }
  })
})
