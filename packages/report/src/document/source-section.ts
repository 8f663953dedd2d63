import type { Analysis } from '../analysis.ts'
import type { ProgramLog } from '../network/network.ts'
import { sourceGaps } from '../findings/log-silences.ts'
import { roleOfComponent } from '../read/source-labels.ts'
import type { LogSource } from '../sources/log-source.ts'
import { evidenceOf, instant, instantOr } from './instants.ts'
import { roleSchema } from '../vocabulary/role.ts'
import type { Role } from '../vocabulary/role.ts'
import type { Source } from './report-document.ts'

/** One entry per source. */
export function buildSources(analysis: Analysis, sourceIds: ReadonlyMap<number, string>): Source[] {
  const { clockOffsets, network, topology, inputs } = analysis
  return clockOffsets.map(({ source, shift, method, offsetMinutes, confidence, text }) => {
    const files = inputs.files.filter(({ reader }) => reader.sources.includes(source))
    const logs = network.logs.filter((log) => log.source === source)
    const component = topology.components.find((one) =>
      one.logs.some((other) => logs.includes(other)),
    )
    const wrappers = [...new Set(files.map(({ reader }) => reader.wrapper.name))]
    return {
      id: sourceIds.get(source.sourceId) ?? 'S0',
      file: files.map(({ path }) => path).join(', ') || source.file,
      component: component?.id ?? null,
      role: component?.role ?? roleFromLabel(source),
      wrapper:
        [
          ...wrappers,
          ...new Set(files.map(({ recognition }) => recognition.newestFirst).filter(Boolean)),
        ]
          .map((item) => (item === true ? 'newest first' : item))
          .join(', ') || 'none',
      format: source.readers.map(({ name }) => name).join(', ') || 'not recognised',
      compressed: files.some(({ compressed }) => compressed),
      lines: source.lines,
      events: source.events,
      continuations: source.continuations,
      unreadable: source.unreadable,
      shortened: source.shortened,
      outside: source.outside,
      first: instant(source.first + shift),
      last: instant(source.last + shift),
      placement: { method, offsetMinutes, confidence, text },
      gaps: gapsOf(logs, network.from),
      samples: source.samples.map((line) => evidenceOf(line, sourceIds)),
      notes: buildNotes(
        source,
        files.flatMap(({ encoding, problems }) => [
          ...(encoding === 'utf-8' ? [] : [`Encoding: ${encoding}.`]),
          ...problems,
        ]),
        logs,
      ),
    }
  })
}

function roleFromLabel(source: LogSource): Role {
  const role =
    source.labels.component === undefined ? undefined : roleOfComponent(source.labels.component)
  return roleSchema.safeParse(role).data ?? 'unknown'
}

function gapsOf(logs: readonly ProgramLog[], fallback: number): Source['gaps'] {
  const [first] = logs
  if (first === undefined) return []
  return sourceGaps(first)
    .slice(0, 20)
    .map(({ from, to }) => ({ from: instantOr(from, fallback), to: instantOr(to, fallback) }))
}

function buildNotes(
  source: LogSource,
  file: readonly string[],
  logs: readonly ProgramLog[],
): string[] {
  const notes = [...file]
  for (const { facts } of logs) {
    if (facts.role === 'client' && facts.logsPolls) notes.push('Logs every poll.')
    if (facts.role === 'relay' && facts.logsRequests) notes.push('Logs requests.')
  }
  const labelled =
    source.labels.component === undefined ? undefined : roleOfComponent(source.labels.component)
  const [first] = logs
  if (labelled !== undefined && first !== undefined && first.facts.role !== labelled) {
    notes.push(
      `Labelled as ${source.labels.component ?? ''}, but its lines have the format of a ${first.facts.role.replace('-', ' ')} log.`,
    )
  }
  return notes
}
