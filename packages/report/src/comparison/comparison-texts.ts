import type { ComparedFailure } from '../document/comparison-schema.ts'
import { formatSpan, formatMoment } from '../document/moment.ts'
import { formatCount, formatDuration, formatNumber } from '../vocabulary/figures.ts'
import { logCommands } from '../vocabulary/log-commands.ts'
import { roleSchema } from '../vocabulary/role.ts'
import type { Assessment, LinkAssessment } from './assess.ts'

const UNIT: Readonly<Record<string, readonly [one: string, many: string]>> = {
  poll: ['poll', 'polls'],
  database: ['statement', 'statements'],
  cdm: ['statement', 'statements'],
  broker: ['exchange', 'exchanges'],
}

/** What is counted on a link: `polls`, `statements`. */
export function unitOf({ kind, need }: LinkAssessment): readonly [one: string, many: string] {
  if (need.results) return ['result', 'results']
  return UNIT[kind] ?? ['request', 'requests']
}

interface TimeRange {
  readonly from: number
  readonly to: number
}

/** The outcome as a sentence. `range` covers both sets of logs. */
export function outcomeText(assessment: Assessment, range: TimeRange): string {
  const { outcome, again, links } = assessment
  const [worst] = links
  if (worst === undefined) return 'The earlier report does not name the link.'
  switch (outcome) {
    case 'still-there':
    case 'came-back':
      return occursText(assessment, range)
    case 'gone': {
      const texts = links.slice(0, MAX_LINKS).map((link) => goneText(link, range))
      const more = links.length - texts.length
      const since =
        again === undefined ? '' : `It last occurred at ${momentOf(again.last, range)}. `
      return `${since}${texts.join(' ')}${more > 0 ? ` The same holds for ${formatCount(more, 'more link')}.` : ''}`
    }
    case 'unknown':
      return `${again?.recoveredAt == null ? '' : `It occurred until ${momentOf(again.last, range)}. `}${unknownText(worst, range)}`
    default:
      return outcome satisfies never
  }
}

const MAX_LINKS = 3

function occursText({ outcome, again }: Assessment, range: TimeRange): string {
  if (again === undefined) return 'It still occurs.'
  const how = outcome === 'came-back' ? 'It occurs again' : 'It still occurs'
  const often = again.count < 2 ? '' : `${formatNumber(again.count)} times, `
  const first = Date.parse(again.first ?? '')
  const last = Date.parse(again.recoveredAt ?? again.last ?? '')
  const end =
    again.recoveredAt === null
      ? again.status === 'ongoing'
        ? ', ongoing'
        : ''
      : ', then recovered'
  return `${how}: ${often}${formatSpan(first, last, range)}${end} (${again.id}).`
}

function goneText(link: LinkAssessment, range: TimeRange): string {
  const { clean } = link
  if (clean === undefined) return ''
  const [one, many] = unitOf(link)
  const length = clean.to - clean.from
  const duration = length < 1000 ? '' : ` (${formatDuration(length)})`
  return `${formatCount(clean.successes, one, many)} on ${link.link} succeeded ${formatSpan(clean.from, clean.to, range)}${duration} according to the ${sideName(clean.side)} log, and none failed this way.`
}

function unknownText(link: LinkAssessment, range: TimeRange): string {
  const { gap, clean, need } = link
  const [one, many] = unitOf(link)
  const side = `${sideName(gap?.side ?? 'client')} log`
  switch (gap?.kind) {
    case 'no-link':
      return `No later log covers ${link.link}.`
    case 'elsewhere':
      return `${link.link}: the client polls a relay by another name, and there is no log of that relay.`
    case 'no-success':
      return `No later log contains a successful ${one} on ${link.link}.`
    case 'side':
      return `Only the ${side} would show this failure on ${link.link}, and the later logs do not include it.`
    case 'quiet':
      return `${link.link}: the last success in the ${side} is at ${formatMoment('at' in gap ? gap.at : Number.NaN, range)}, long before the later logs end.`
    case 'gaps':
      return `${link.link}: the ${side} has gaps in which the failure could have occurred.`
    case 'few':
      return `${formatCount(clean?.successes ?? 0, one, many)} on ${link.link} succeeded without this failure; at least ${formatNumber(need.successes)} are needed, because it was that rare before.`
    case 'short': {
      const length = clean === undefined ? 0 : clean.to - clean.from
      const why =
        need.reason === 'recurring'
          ? 'because it came and went before'
          : 'because it occurred only once before'
      return `${link.link} shows ${formatDuration(length)} without this failure; at least ${formatDuration(need.durationMs)} are needed, ${why}.`
    }
    case undefined:
      return 'The later logs do not show whether it still occurs.'
    default:
      return gap satisfies never
  }
}

function momentOf(instant: string | null, range: TimeRange): string {
  return formatMoment(Date.parse(instant ?? ''), range)
}

function sideName(side: string): string {
  return side.replace('-', ' ')
}

/** The log to collect for an unknown outcome, and how. `since`: the beginning of the later logs, null if its date is unknown. */
export function missingLog(
  { outcome, links }: Assessment,
  since: string | null,
): ComparedFailure['missing'] {
  const gap = links[0]?.gap
  if (outcome !== 'unknown' || gap === undefined) return null
  const { log, commands } = logCommands(roleSchema.safeParse(gap.side).data ?? 'unknown', since)
  const later = gap.kind === 'few' || gap.kind === 'short'
  return { log: later ? `later part of the ${log}` : log, command: commands[0] ?? '' }
}
