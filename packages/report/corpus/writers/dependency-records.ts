import { DurationHistogram } from '@warren/runtime'
import { DATABASE_ADDRESS } from './written-line.ts'
import type { WriterOptions } from './written-line.ts'
import type { Fact, FactOf } from '../simulation/facts.ts'
import { PERIOD_MS } from './warren-records.ts'
import type { WarrenRecord } from './warren-records.ts'

type Check = FactOf<'dependency checked'>

/** Error text of Warren's relay if the database is down. */
export const DATABASE_LOST = `connect ECONNREFUSED ${DATABASE_ADDRESS}:5432`

/** Summaries that Warren's relay logs once a minute about its database and broker. `brokerLost`: its error texts if the broker is down. */
export function dependencyRecords(
  facts: readonly Fact[],
  { from, to }: WriterOptions,
  brokerLost: Readonly<Record<'refused' | 'login', string>>,
): WarrenRecord[] {
  const checks = facts.filter((fact): fact is Check => fact.kind === 'dependency checked')
  const records: WarrenRecord[] = []
  for (let end = from - 18_700 + PERIOD_MS; end <= to; end += PERIOD_MS) {
    const minute = checks.filter(({ time }) => time >= end - PERIOD_MS && time < end)
    for (const about of ['database', 'broker'] as const) {
      const fields = summary(
        about,
        minute.filter((check) => check.about === about),
        brokerLost,
      )
      records.push({ at: end, level: 'info', msg: 'dependency summary', fields })
    }
  }
  return records
}

function summary(
  dependency: Check['about'],
  checks: readonly Check[],
  brokerLost: Readonly<Record<'refused' | 'login', string>>,
): object {
  const durations = new DurationHistogram()
  const answered = checks.filter(({ failure }) => failure === undefined)
  for (const { ms } of answered) durations.record(ms)
  const failure = checks.at(-1)?.failure
  const detail =
    failure === undefined || failure === 'database' ? DATABASE_LOST : brokerLost[failure]
  return {
    dependency,
    technology: dependency === 'database' ? 'postgresql' : 'rabbitmq',
    checks: { ok: answered.length, error: checks.length - answered.length },
    state: failure === undefined ? 'ok' : 'failing',
    ...(failure !== undefined && { detail }),
    ...(answered.length > 0 && {
      p50Ms: durations.percentile(0.5),
      p95Ms: durations.percentile(0.95),
      maxMs: durations.max,
    }),
    ...(dependency === 'broker' && { connections: 0, published: 0, fetched: 0, failed: 0 }),
    periodMs: PERIOD_MS,
  }
}
