import type { NetLink } from '../exchange/topology.ts'
import type { Episode } from '../facts/problem-account.ts'
import { mergeEpisodes } from '../timeline/placed-account.ts'
import { SLOW_MS } from '../facts/facts.ts'
import type { PlacedAccount, PlacedProblem, Trouble } from '../timeline/placed-account.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { draft, endOf, fromProblem } from './finding-draft.ts'
import { FLAPS } from './limits.ts'
import { findPollingPace } from './polling-pace.ts'
import type { LinkGap } from './silences.ts'
import { clockWord, countWord, percentWord, spanWord } from './words.ts'

/** How links behave over time: flapping, two pollers with one identity, polling too fast, slow. */
export function findBehaviour(context: DiagnosisContext, gaps: readonly LinkGap[]): void {
  for (const link of pollLinksOf(context)) {
    flapping(context, link, gaps)
    findPollingPace(context, link)
    slow(context, link)
    unlisted(context, link)
  }
}

function flapping(context: DiagnosisContext, link: NetLink, gaps: readonly LinkGap[]): void {
  const causes = context.found.filter(
    (finding) =>
      finding.link === link &&
      !finding.cause.startsWith('task') &&
      finding.cause !== 'hub-error' &&
      finding.cause !== 'client-restarted',
  )
  const down: Episode[] = [
    ...causes.flatMap(({ episodes }) => episodes),
    ...gaps
      .filter(
        (gap) => gap.link === link && (gap.finding === undefined || causes.includes(gap.finding)),
      )
      .map(({ from, to }) => ({ from, to, count: 0, recoveredAt: to })),
  ]
  const stretches = mergeEpisodes(down)
  const over = stretches.filter((stretch) => !Number.isNaN(stretch.recoveredAt))
  if (over.length < FLAPS) return
  const first = stretches[0]
  const last = stretches.at(-1)
  if (first === undefined || last === undefined) return
  const ongoing = Number.isNaN(last.recoveredAt)
  const total = stretches.reduce((sum, stretch) => sum + endOf(stretch) - stretch.from, 0)
  const parties = causes.map(({ party }) => party).filter((party) => party !== undefined)
  context.found.push(
    draft({
      cause: 'flapping',
      severity: ongoing ? 'error' : 'warning',
      status: ongoing ? 'ongoing' : 'recovered',
      subject: link.from.name,
      link,
      first: first.from,
      last: last.to,
      recoveredAt: last.recoveredAt,
      count: stretches.length,
      episodes: stretches.slice(-20),
      confidence: 'certain',
      party: parties[0] === 'hub' ? 'hub' : 'network',
      partyName: null,
      evidence: causes.flatMap(({ evidence }) => evidence.slice(0, 1)),
      why: `Down ${countWord(stretches.length, 'time')} between ${clockWord(first.from)} and ${clockWord(endOf(last))}, ${spanWord(total)} in all, and back each time${ongoing ? ' but the last' : ''}.`,
    }),
  )
}

function slow(context: DiagnosisContext, link: NetLink): void {
  const hub = viewOf(link, 'hub')
  const client = viewOf(link, 'client')
  const balancer = viewOf(link, 'balancer')
  const atHub = hub === undefined ? undefined : slowness(hub)
  const seen =
    atHub ??
    (balancer === undefined ? undefined : slowness(balancer)) ??
    (client === undefined ? undefined : slowness(client))
  if (seen === undefined) return
  const hubFast = atHub === undefined && hub !== undefined && hub.latency.count > 10
  const { problem, account } = seen
  const tell = ({ count, first, last }: Trouble): string =>
    `${countWord(count, 'slow answer')} from ${clockWord(first)} to ${clockWord(last)}; 95 % took up to ${spanWord(account.latency.quantile(0.95))}, the longest ${spanWord(account.latency.max)}, where ${spanWord(SLOW_MS.poll)} is the limit${hubFast ? '; the hub itself answers fast, so the way takes the time' : ''}.`
  context.found.push(
    draft({
      ...fromProblem(problem),
      cause: 'slow',
      subject: link.from.name,
      link,
      party: hubFast ? 'network' : 'hub',
      partyName: hubFast ? null : link.to.name,
      confidence: 'likely',
      why: tell(problem),
      tell,
      ...(hubFast ? { action: 'Find out what holds up requests between client and hub.' } : {}),
    }),
  )
}

/** Slow stretches of an account, if it has any. */
function slowness(
  account: PlacedAccount,
): { problem: PlacedProblem; account: PlacedAccount } | undefined {
  const problem = account.problems.get('slow')
  return problem === undefined ? undefined : { problem, account }
}

function unlisted(context: DiagnosisContext, link: NetLink): void {
  if (link.poll?.expected !== false) return
  const view = viewOf(link, 'hub') ?? viewOf(link, 'client')
  if (view === undefined) return
  context.found.push(
    draft({
      cause: 'unlisted-client',
      severity: 'warning',
      status: 'observed',
      subject: link.from.name,
      link,
      first: view.first,
      last: view.last,
      count: view.exchanges,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      why: `${countWord(view.exchanges, 'request')}, ${percentWord(view.exchanges === 0 ? 0 : view.ok / view.exchanges)} answered, of a client the list does not name.`,
    }),
  )
}
