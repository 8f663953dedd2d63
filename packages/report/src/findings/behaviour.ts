import type { NetworkLink } from '../network/topology.ts'
import type { Period } from '../facts/problem-history.ts'
import { mergePeriods } from '../timeline/placed-problem.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { rawFinding, endOf } from './raw-finding.ts'
import { MIN_FLAPS } from './limits.ts'
import { findPollingProblems } from './polling-interval.ts'
import { findSlowness } from './slowness.ts'
import type { LinkGap } from './silences.ts'
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatTime,
  formatTimes,
  sentences,
} from '../vocabulary/figures.ts'
import { logsOf } from './phrases.ts'

/** Findings about how a link behaves over time: unstable, polled by two processes, polled too fast, slow, not expected. */
export function findBehaviour(context: DiagnosisContext, gaps: readonly LinkGap[]): void {
  for (const link of pollLinksOf(context)) {
    findFlapping(context, link, gaps)
    findPollingProblems(context, link)
    findSlowness(context, link)
    findUnlisted(context, link)
    findOtherRelay(context, link)
  }
}

function findFlapping(
  context: DiagnosisContext,
  link: NetworkLink,
  gaps: readonly LinkGap[],
): void {
  const causes = context.found.filter(
    (finding) => finding.link === link && CAUSE_SHEET[finding.cause].outage,
  )
  const down: Period[] = [
    ...causes.flatMap(({ periods }) => periods),
    ...gaps
      .filter(
        (gap) => gap.link === link && (gap.finding === undefined || causes.includes(gap.finding)),
      )
      .map(({ from, to }) => ({ from, to, count: 0, recoveredAt: to })),
  ]
  const outages = mergePeriods(down)
  const over = outages.filter((outage) => !Number.isNaN(outage.recoveredAt))
  if (over.length < MIN_FLAPS) return
  const first = outages[0]
  const last = outages.at(-1)
  if (first === undefined || last === undefined) return
  const [reason, ...others] = causes
  // One cause that comes and goes is that cause.
  if (reason !== undefined && others.length === 0) {
    reason.absorbed.add('flapping')
    return
  }
  const ongoing = Number.isNaN(last.recoveredAt)
  const total = outages.reduce((sum, outage) => sum + endOf(outage) - outage.from, 0)
  const parties = causes.map(({ party }) => party).filter((party) => party !== undefined)
  const logs = logsOf(...link.views.map(({ side }) => side))
  const buildWhy = (
    end = ongoing
      ? 'the last one is ongoing at the end of the logs'
      : `recovered at ${formatTime(last.recoveredAt)} for the last time`,
  ): string =>
    sentences(
      `${logs}: ${formatCount(outages.length, 'outage')} ${formatTimes(first.from, endOf(last))}, ${formatDuration(total)} in total`,
      end,
    )
  context.found.push(
    rawFinding({
      cause: 'flapping',
      severity: ongoing ? 'error' : 'warning',
      status: ongoing ? 'ongoing' : 'recovered',
      subject: link.from.name,
      link,
      first: first.from,
      last: last.to,
      recoveredAt: last.recoveredAt,
      count: outages.length,
      periods: outages.slice(-20),
      confidence: 'certain',
      party: parties[0] === 'hub' ? 'hub' : 'network',
      partyName: null,
      evidence: causes.flatMap(({ evidence }) => evidence.slice(0, 1)),
      why: buildWhy(),
      buildWhy: (_, end) => buildWhy(end),
    }),
  )
}

function findOtherRelay(context: DiagnosisContext, link: NetworkLink): void {
  const view = viewOf(link, 'client')
  if (link.poll?.pollsElsewhere !== true || view === undefined) return
  context.found.push(
    rawFinding({
      cause: 'other-relay',
      severity: 'warning',
      status: 'observed',
      subject: link.from.name,
      link,
      first: view.first,
      last: view.last,
      count: view.exchanges,
      partyName: link.from.name,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      why: sentences(
        `client log: ${formatCount(view.exchanges, 'request')} to ${link.to.name} ${formatTimes(view.first, view.last)}`,
        'the other clients use another host, and no log here is from that relay',
      ),
    }),
  )
}

function findUnlisted(context: DiagnosisContext, link: NetworkLink): void {
  if (link.poll?.expected !== false) return
  const side = viewOf(link, 'relay') === undefined ? 'client' : 'relay'
  const view = viewOf(link, side)
  if (view === undefined) return
  context.found.push(
    rawFinding({
      cause: 'unlisted-client',
      severity: 'warning',
      status: 'observed',
      subject: link.from.name,
      link,
      first: view.first,
      last: view.last,
      count: view.exchanges,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      why: sentences(
        `${logsOf(side)}: ${formatCount(view.exchanges, 'request')} from a client that is not on the list; ${formatNumber(view.ok)} successful`,
      ),
    }),
  )
}
