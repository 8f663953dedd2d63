import { join } from 'node:path'
import { analyse } from '../../src/analysis.ts'
import { buildDocument } from '../../src/document/build-document.ts'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { inputFiles } from '../../src/read/input-files.ts'
import { readInputs } from '../../src/sources/read-inputs.ts'
import type { CollectedFile } from '../scenarios/collect.ts'
import type { LogPlan, Scenario } from '../scenarios/scenario.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'

/** Runs the report on a scenario as an operator would: on a folder, or on labelled files. */
export async function reportOn(
  scenario: Scenario,
  folder: string,
  files: readonly CollectedFile[],
): Promise<ReportDocument> {
  const sources = files.map(({ path, logs }) => `${labelsOf(logs)}:${join(folder, path)}`)
  const inputs = scenario.labelled ? inputFiles([], sources) : inputFiles([folder], [])
  const read = await readInputs(inputs)
  return buildDocument(
    analyse(read, { tz: undefined, dateGiven: false, expected: scenario.expected }),
  )
}

/** Named time zones, because a label ends at the first colon. */
const ZONES = new Map([
  [0, 'UTC'],
  [60, 'Europe/London'],
  [120, 'Europe/Berlin'],
  [-300, 'America/Chicago'],
  [330, 'Asia/Kolkata'],
])

/** Labels for what the operator knows but the file does not contain. */
function labelsOf(logs: readonly LogPlan[]): string {
  const [first] = logs
  if (first === undefined) return ''
  const labels = [`cluster=${first.origin.cluster}`]
  if (logs.length === 1) labels.push(`component=${componentOf(first)}`)
  const zone = ZONES.get(first.zoneMinutes)
  if (!WRAPPERS[first.wrapper].stamped && zone !== undefined) labels.push(`tz=${zone}`)
  return labels.join(',')
}

function componentOf({ of }: LogPlan): string {
  switch (of) {
    case 'relay':
      return 'relay'
    case 'broker':
      return 'rabbitmq'
    case 'load-balancer':
      return 'alb'
    default:
      return 'bunny'
  }
}
