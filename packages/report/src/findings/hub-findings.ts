import type { Hub, Told } from '../exchange/network.ts'
import { partOf } from '../exchange/topology.ts'
import type { NetLink, Part } from '../exchange/topology.ts'
import { DIED } from '../facts/facts.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { addProblem, moved, placeAccounts, placeProblem } from '../timeline/placed-account.ts'
import type { PlacedAccount, PlacedProblem, Trouble } from '../timeline/placed-account.ts'
import type { DiagnosisContext } from './context.ts'
import { draft, fromProblem } from './finding-draft.ts'
import { SUSPENSION_MS } from './limits.ts'
import { hubSilences } from './silences.ts'
import { clockWord, countWord, detailWords, diedWords, spanWord } from './words.ts'

/** The hub itself: restarts, probes, errors nobody explains; and its link to the upstream. */
export function findHubTrouble(context: DiagnosisContext): void {
  for (const hub of context.network.hubs) {
    const part = partOfHub(context, hub)
    restarts(context, hub, part)
    probes(context, hub, part)
    upstream(context, hub)
  }
  for (const told of context.network.told) programErrors(context, told)
  suspensions(context)
}

function partOfHub(context: DiagnosisContext, hub: Hub): Part | undefined {
  return context.topology.parts.find(
    (part) => part.role === 'hub' && part.told.some((told) => told === hub.told[0]),
  )
}

function restarts(context: DiagnosisContext, hub: Hub, part: Part | undefined): void {
  for (const told of hub.told) {
    const { facts, shift } = told
    const silences = hubSilences([told])
    // A pod that came while others of the hub had been there for a while takes the place of one.
    const begun =
      facts.starts > facts.restarts.count && facts.firstStart + shift > hub.first + MINUTE
        ? [{ from: facts.firstStart, to: facts.firstStart, count: 1, recoveredAt: Number.NaN }]
        : []
    const episodes = [...begun, ...facts.restarts.episodes].map((one) => {
      const to = one.to + shift
      const gap = silences.find((other) => to >= other.from - SECOND && to <= other.to + MINUTE)
      const from = Math.min(gap?.from ?? to, one.from + shift)
      return { from, to, count: one.count, recoveredAt: to }
    })
    const [first] = episodes
    const last = episodes.at(-1)
    if (first === undefined || last === undefined) continue
    const died = facts.restarts.details.get(DIED) ?? 0
    const count = begun.length + facts.restarts.count
    context.found.push(
      draft({
        cause: 'hub-restarted',
        severity: 'warning',
        status: 'recovered',
        subject: part?.name ?? hub.name,
        component: part,
        first: first.from,
        last: last.to,
        recoveredAt: last.to,
        count,
        episodes,
        partyName: hub.name,
        evidence: facts.startLines
          .map((line) => moved(line, shift))
          .slice(begun.length === 0 ? -facts.restarts.count : 0),
        why: `${hub.name} was started ${countWord(count, 'time')} within the window${diedWords(died, count)}.`,
      }),
    )
  }
}

function probes(context: DiagnosisContext, hub: Hub, part: Part | undefined): void {
  const account = placeAccounts(hub.told.map((told) => partOf(told.facts.probes, told)))
  const expected = hub.told.reduce((sum, { facts }) => sum + facts.probesWithoutCredentials, 0)
  if (account !== undefined && expected > 0) {
    const lines = hub.told.flatMap(({ facts, shift }) =>
      facts.probeLines.map((line) => moved(line, shift)),
    )
    context.found.push(
      draft({
        cause: 'health-probe',
        severity: 'info',
        status: 'expected',
        subject: hub.name,
        component: part,
        first: account.first,
        last: account.last,
        count: expected,
        evidence: lines.slice(0, 2),
        why: `${countWord(expected, 'line')} about a missing Authorization header stand beside health probes that were answered: probes carry no credentials and need none.`,
      }),
    )
  }
  const failing = account?.problems.get('probe-failing')
  if (account === undefined || failing === undefined) return
  const tell = ({ count, first, last }: Trouble): string =>
    `${countWord(count, 'probe')} failed from ${clockWord(first)} to ${clockWord(last)}, ${countWord(account.ok, 'probe')} passed.`
  context.found.push(
    draft({
      ...fromProblem(failing),
      subject: hub.name,
      component: part,
      partyName: hub.name,
      why: tell(failing),
      tell,
    }),
  )
}

/** Polls of the upstream, and how long the collection has gone without one of type a. */
function upstream(context: DiagnosisContext, hub: Hub): void {
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.hub === hub)
  if (link === undefined) return
  for (const cause of ['upstream-unreachable', 'upstream-refused'] as const)
    upstreamProblem(context, hub, link, cause)
  for (const type of upstreamTypes(hub)) {
    // Only availability polls count as a sign of life; '' is a log that does not say.
    if (type === 'b') continue
    const account = upstreamAccount(hub, type)
    if (account !== undefined) suspension(context, hub, link, account, type)
  }
}

function upstreamTypes(hub: Hub): Set<string> {
  return new Set(hub.told.flatMap(({ facts }) => [...facts.upstreams.keys()]))
}

/** Polls of one type. A hub that names no type writes of few polls: that its results are taken shows the upstream as well. */
function upstreamAccount(hub: Hub, type: string): PlacedAccount | undefined {
  return placeAccounts(
    hub.told.flatMap((told) => {
      const { upstreams, submissions } = told.facts
      const accounts = [upstreams.get(type), type === '' ? submissions : undefined]
      return accounts.flatMap((account) => (account === undefined ? [] : [partOf(account, told)]))
    }),
  )
}

function upstreamProblem(
  context: DiagnosisContext,
  hub: Hub,
  link: NetLink,
  cause: 'upstream-unreachable' | 'upstream-refused',
): void {
  let problem: PlacedProblem | undefined
  // Polls of one type say nothing of those of another.
  for (const type of upstreamTypes(hub)) {
    const own = upstreamAccount(hub, type)?.problems.get(cause)
    if (problem === undefined) problem = own
    else if (own !== undefined) addProblem(problem, own)
  }
  if (problem === undefined) return
  const details = detailWords(problem.details)
  // A hub that writes no successful polls shows the end of a problem only by no longer complaining.
  const quiet = hub.last - problem.last
  const calm =
    Number.isNaN(problem.recoveredAt) &&
    quiet >
      Math.max(5 * MINUTE, ((problem.last - problem.first) / Math.max(1, problem.count - 1)) * 5)
  context.found.push(
    draft({
      ...fromProblem(problem),
      ...(calm ? { severity: 'warning', status: 'observed' } : {}),
      subject: hub.name,
      link,
      confidence: calm ? 'likely' : 'certain',
      partyName: cause === 'upstream-refused' ? hub.name : link.to.name,
      why: `${countWord(problem.count, 'failed poll')} of the upstream from ${clockWord(problem.first)} to ${clockWord(problem.last)}${details === '' ? '' : ` (${details})`}${calm ? `; none in the ${spanWord(quiet)} after, but no line shows a success either` : Number.isNaN(problem.recoveredAt) ? '; still so when the evidence ends' : `; works again since ${clockWord(problem.recoveredAt)}`}.`,
    }),
  )
}

function suspension(
  context: DiagnosisContext,
  hub: Hub,
  link: NetLink,
  account: PlacedAccount,
  type: string,
): void {
  const seen = Number.isNaN(account.lastOk) ? Math.max(hub.first, account.first) : account.lastOk
  const silence = hub.last - seen
  // A hub that does not write its polls proves nothing by writing none, unless it writes that they fail.
  const tells =
    type === 'a'
      ? account.exchanges > 0
      : account.failed >= 3 && hub.last - account.last < 10 * MINUTE
  if (!tells || silence < SUSPENSION_MS / 2) return
  const left = SUSPENSION_MS - silence
  context.found.push(
    draft({
      cause: 'upstream-suspension',
      severity: left <= 0 ? 'error' : 'warning',
      status: 'ongoing',
      subject: hub.name,
      link,
      first: seen,
      last: hub.last,
      partyName: hub.name,
      confidence: left <= 0 ? 'likely' : 'certain',
      evidence: account.firstOk === undefined ? [] : [account.firstOk],
      why: `No availability poll reached the upstream for ${spanWord(silence)}, since ${clockWord(seen)}: ${left <= 0 ? 'after 30 minutes the upstream suspends the collection' : `the upstream suspends the collection in ${spanWord(left)}`}.`,
    }),
  )
}

function suspensions(context: DiagnosisContext): void {
  for (const told of context.network.upstreams) {
    if (told.facts.suspended.count === 0) continue
    const problem = placeProblem('upstream-suspension', told.facts.suspended, told.shift)
    const known = context.found.find(({ cause }) => cause === 'upstream-suspension')
    if (known !== undefined) {
      known.evidence.push(...problem.evidence)
      continue
    }
    const link = context.topology.links.find(({ kind }) => kind === 'upstream')
    context.found.push(
      draft({
        ...fromProblem(problem),
        subject: link?.from.name ?? 'the collection',
        link,
        partyName: link?.from.name ?? null,
        why: `The upstream itself says so, at ${clockWord(problem.first)}.`,
      }),
    )
  }
}

/** Server errors of a hub that no client's finding tells of; to be run after the links were judged. */
export function findServerErrors(context: DiagnosisContext): void {
  for (const hub of context.network.hubs) {
    const told = context.found.some(
      ({ cause, link, component }) =>
        (cause === 'hub-error' || cause === 'probe-failing' || cause === 'database-failing') &&
        (link?.hub === hub || component === partOfHub(context, hub)),
    )
    for (const { facts, shift } of told ? [] : hub.told) {
      if (facts.serverErrors.count === 0) continue
      const problem = placeProblem('hub-error', facts.serverErrors, shift)
      context.found.push(
        draft({
          ...fromProblem(problem),
          severity: 'warning',
          status: 'observed',
          subject: hub.name,
          component: partOfHub(context, hub),
          partyName: hub.name,
          why: `${countWord(problem.count, 'request')} answered with an error of the hub’s own from ${clockWord(problem.first)} to ${clockWord(problem.last)}, whose is not known.`,
        }),
      )
    }
  }
}

/** Error lines that fit no cause are counted, never dropped. */
function programErrors(context: DiagnosisContext, told: Told): void {
  const { errors } = told.facts
  if (errors.count === 0) return
  const problem = placeProblem('unexplained-errors', errors, told.shift)
  const part = context.topology.parts.find((one) => one.told.includes(told))
  const site = told.facts.role === 'client'
  context.found.push(
    draft({
      ...fromProblem(problem),
      severity: 'warning',
      status: 'observed',
      recoveredAt: Number.NaN,
      episodes: [],
      subject: part?.name ?? told.source.file,
      component: part,
      confidence: 'possible',
      party: site ? 'site' : 'hub',
      partyName: part?.name ?? null,
      why: `${countWord(errors.count, 'error line')} from ${clockWord(problem.first)} to ${clockWord(problem.last)} that fit no cause this report knows.`,
    }),
  )
}
