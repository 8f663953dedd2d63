import { gzipSync } from 'node:zlib'
import { Chance } from '../simulation/chance.ts'
import type { Fact } from '../simulation/facts.ts'
import { FaultSchedule } from '../simulation/faults.ts'
import { simulate } from '../simulation/simulate.ts'
import { MINUTE } from '../simulation/world.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'
import type { PodLine, PodLog } from '../wrappers/wrapped.ts'
import { merged } from '../wrappers/wrapped.ts'
import { WRITERS } from '../writers/writer-kinds.ts'
import type { WrittenLine } from '../writers/written-line.ts'
import { withJunk } from './junk.ts'
import type { LogPlan, Scenario } from './scenario.ts'

export interface CollectedFile {
  /** Relative to the folder of the scenario. */
  readonly path: string
  readonly bytes: Buffer
  /** The logs in this file. */
  readonly logs: readonly LogPlan[]
}

/** The files that an operator would have collected. */
export function collect(scenario: Scenario): CollectedFile[] {
  const facts = Map.groupBy(simulate(scenario.plan), (fact) => fact.at)
  const chance = new Chance(scenario.name)
  const files = Map.groupBy(scenario.logs, (log) => log.file)
  return [...files].flatMap(([path, logs]) => {
    const pods = logs.map((log) => podLog(scenario, log, facts.get(log.of) ?? []))
    const lines = withJunk(merged(pods), scenario.junk, chance.fork(path))
    return logs.some(({ rotated }) => rotated)
      ? rotated(path, logs, lines)
      : [file(path, logs, lines)]
  })
}

/** Splits a log that was rotated: `relay.log.1` and `relay.log`. */
function rotated(
  path: string,
  logs: readonly LogPlan[],
  lines: readonly PodLine[],
): CollectedFile[] {
  const cut = Math.floor(lines.length * 0.6)
  const older = path.endsWith('.gz') ? path.replace(/\.gz$/, '.1.gz') : `${path}.1`
  return [file(older, logs, lines.slice(0, cut)), file(path, logs, lines.slice(cut))]
}

function file(path: string, logs: readonly LogPlan[], lines: readonly PodLine[]): CollectedFile {
  const [first] = logs
  if (first === undefined) throw new Error(`${path} contains no log`)
  // All writers write ASCII; anything else is junk, byte by byte.
  const bytes = Buffer.from(WRAPPERS[first.wrapper].wrap(lines), 'latin1')
  return { path, bytes: first.gzip ? gzipSync(bytes, { level: 1 }) : bytes, logs }
}

/** The log of one component, from its facts: in its own clock, without lost lines. */
function podLog({ plan }: Scenario, log: LogPlan, facts: readonly Fact[]): PodLog {
  const schedule = new FaultSchedule(plan.faults, plan.start)
  const name = log.of.replace(/\/2$/, '')
  const skewMs = log.skewMs + (schedule.at(plan.start, log.of).skewMs ?? 0)
  const own = skewMs === 0 ? facts : facts.map((fact) => ({ ...fact, time: fact.time + skewMs }))
  const lines: WrittenLine[] = WRITERS[log.writer](own, {
    zoneMinutes: log.zoneMinutes,
    level: log.level,
    pod: log.origin.pod,
    verbose: log.verbose,
    registered: plan.clients.map((client) => client.name),
    from: plan.start + skewMs,
    to: plan.start + plan.minutes * MINUTE + skewMs,
  })
  if (plan.faults.length === 0) return { origin: log.origin, lines }
  const kept = lines.filter(({ time }) => {
    const effect = schedule.at(time - skewMs, log.of)
    // A program that does not run logs nothing, not even periodic lines.
    const runs = name !== log.of || effect.absent !== true
    return effect.logLost !== true && runs
  })
  return { origin: log.origin, lines: kept }
}
