import type { NetworkLink } from '../network/topology.ts'
import { addProblem, copyOf, placeProblem } from '../timeline/placed-problem.ts'
import type { PlacedProblem } from '../timeline/placed-problem.ts'
import {
  formatCount,
  formatDetails,
  formatOccurrences,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import type { DiagnosisContext } from './context.ts'
import { fromProblem, rawFinding } from './raw-finding.ts'

/** More rejected logins than these are an attempt to find one. */
const MAX_HARMLESS = 20
/** Characters of which no user name consists. */
const UNUSUAL = /[^\p{L}\p{N}_.@-]+/gu
const MAX_NAME = 24

/** Adds one finding per relay about logins under names that never logged in. */
export function findUnknownLogins(context: DiagnosisContext): void {
  for (const { relay, clients } of context.network.unknownLogins) {
    const component = context.topology.components.find(
      ({ role, logs }) => role === 'relay' && logs.some((log) => log === relay.logs[0]),
    )
    const [first, ...others] = clients.flatMap(({ client, log }) =>
      [...client.stats.problems].map(([cause, history]) => placeProblem(cause, history, log.shift)),
    )
    if (first === undefined) continue
    const problem = copyOf(first)
    for (const other of others) addProblem(problem, other)
    const names = clients.flatMap(({ client }) => [...client.names.keys()])
    context.found.push(
      rawFinding({
        ...observed(problem),
        subject: component?.name ?? relay.name,
        component,
        partyName: relay.name,
        why: sentences(
          `relay log: ${formatOccurrences(problem, 'rejected login')} under ${formatCount(new Set(names).size, 'name')} that never logged in${inBrackets(quoteNames(names))}`,
        ),
      }),
    )
  }
}

/** The same for logins at a service of the relay, such as its broker. */
export function addUnknownLogins(
  context: DiagnosisContext,
  link: NetworkLink,
  problem: PlacedProblem,
  logs: string,
): void {
  context.found.push(
    rawFinding({
      ...observed(problem),
      subject: link.to.name,
      component: link.to,
      link,
      partyName: link.from.name,
      why: sentences(
        `${logs}: ${formatOccurrences(problem, 'rejected login')} under names that never logged in${inBrackets(quoteNames([...problem.details.keys()]))}`,
        'the logins of the relay succeed',
      ),
    }),
  )
}

function observed(problem: PlacedProblem): ReturnType<typeof fromProblem> {
  return {
    ...fromProblem(problem),
    cause: 'unknown-logins',
    severity: problem.count > MAX_HARMLESS ? 'warning' : 'info',
    status: 'observed',
    recoveredAt: Number.NaN,
    periods: [],
  }
}

/** Names that an unknown client chose: quoted and cut, so that they are read as names and nothing else. */
function quoteNames(names: readonly string[]): string {
  const quoted = names.map((name) => {
    const plain = name.replaceAll(UNUSUAL, '…')
    return `"${plain.length > MAX_NAME ? `${plain.slice(0, MAX_NAME)}…` : plain}"`
  })
  return formatDetails(new Map(quoted.map((name) => [name, 1])))
}
