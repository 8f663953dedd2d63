import { compareText } from '../read/input-files.ts'
import type { Analysis } from '../analysis.ts'
import { checklist } from '../checklist/checklist.ts'
import type { ProgramLog } from '../network/network.ts'
import type { PollMatch } from '../network/poll-match.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { LineQuoter } from '../vocabulary/quotes/line-quoter.ts'
import type { QuoteMode } from '../vocabulary/quotes/quote-mode.ts'
import { kubernetesSourceId } from '../findings/incident-findings.ts'
import { endOf, titleOf } from '../findings/raw-finding.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { formatCount, formatDuration } from '../vocabulary/figures.ts'
import { findCaveats } from './caveats.ts'
import { buildComponents } from './component-section.ts'
import { buildConclusion } from './conclusion.ts'
import { selectLines, evidenceOf, instant, instantOr, withShortQuotes } from './instants.ts'
import { buildLinks } from './link-section.ts'
import { withMoments } from './moment.ts'
import { mapTexts } from './map-texts.ts'
import { Masker } from './masking.ts'
import { REPORT_VERSION, reportDocumentSchema } from './report-document.ts'
import type { Clock, Finding, ReportDocument } from './report-document.ts'
import { sharedFolder, withoutFolder } from './shared-folder.ts'
import { kubernetesSources } from './kubernetes-sources.ts'
import { buildSources } from './source-section.ts'
import { buildNumbers, writeSentence, decideVerdict } from './summary.ts'
import { buildTransaction } from './transaction-section.ts'

/** Builds the document that every renderer shows: complete, masked, and the same for the same logs. */
export function buildDocument(
  analysis: Analysis,
  {
    since,
    until,
    quotes = 'known',
  }: {
    since?: number | undefined
    until?: number | undefined
    quotes?: QuoteMode | undefined
  } = {},
): ReportDocument {
  const { network, diagnosis, inputs, clockOffsets } = analysis
  const sourceIds = new Map(
    clockOffsets.map(({ source }, index) => [source.sourceId, `S${index + 1}`]),
  )
  inputs.kubernetes.forEach((_, index) =>
    sourceIds.set(kubernetesSourceId(index), `S${clockOffsets.length + index + 1}`),
  )
  const idsOf = (log: ProgramLog): string[] => [sourceIds.get(log.source.sourceId) ?? 'S0']
  const numbers = new Map(diagnosis.findings.map((finding, index) => [finding, `F${index + 1}`]))
  const idOf = (finding: RawFinding): string => numbers.get(finding) ?? 'F0'
  const checks = checklist(analysis)
  const links = buildLinks(analysis, idOf, sourceIds)
  const verdict = decideVerdict(diagnosis.findings, checks, inputs)
  const sentence = writeSentence(verdict, analysis, checks)
  const { kubernetes } = inputs
  const sources = [
    ...buildSources(analysis, sourceIds),
    ...kubernetesSources(kubernetes, sourceIds),
  ]
  const caveats = findCaveats(analysis)
  const count = (severity: Finding['severity']): number =>
    diagnosis.findings.filter((finding) => finding.severity === severity).length
  const document: ReportDocument = {
    document: 'warren-report',
    version: REPORT_VERSION,
    verdict,
    sentence,
    timeRange: {
      from: instant(network.from),
      to: instant(network.to),
      durationMs: network.to > network.from ? Math.round(network.to - network.from) : 0,
      zone: 'UTC',
      dateKnown: clockOffsets.some(({ dateKnown, method }) => dateKnown && method !== 'none'),
      since: instant(since ?? Number.NaN),
      until: instant(until ?? Number.NaN),
    },
    quotes,
    numbers: buildNumbers(analysis),
    totals: {
      lines:
        sum(inputs.files, ({ reader }) => reader.lines) + sum(kubernetes, (file) => file.lines),
      bytes:
        sum(inputs.files, ({ reader }) => reader.bytes) + sum(kubernetes, (file) => file.bytes),
      files: inputs.files.length + kubernetes.length,
      sources: sources.length,
      unreadable: sources.reduce((sum, { unreadable }) => sum + unreadable, 0),
      errors: count('error'),
      warnings: count('warning'),
      infos: count('info'),
    },
    caveats,
    sources,
    components: buildComponents(analysis, idsOf),
    clocks: buildClocks(analysis),
    links,
    transactions: [analysis.poll, analysis.task].flatMap((transaction) =>
      transaction === undefined ? [] : [buildTransaction(transaction, sourceIds)],
    ),
    findings: diagnosis.findings.map((finding) =>
      buildFinding(finding, idOf(finding), sourceIds, network.from),
    ),
    checklist: checks.map(({ id, title, state, number, detail, findings, evidence }) => ({
      id,
      title,
      state,
      number,
      detail,
      findings: findings.map(idOf),
      evidence: selectLines(evidence, 3).map((line) => evidenceOf(line, sourceIds)),
    })),
    conclusion: buildConclusion(verdict, analysis, checks, links, caveats),
  }
  return maskAndShorten(document, analysis)
}

/** Masks every text, then shortens quoted lines: the masker would not find a secret that is cut off. */
function maskAndShorten(document: ReportDocument, { network, inputs }: Analysis): ReportDocument {
  const collections = [
    ...network.relays.flatMap((relay) => relay.logs),
    ...network.loadBalancers,
  ].flatMap(({ facts }) => facts.clients.all().flatMap((client) => [...client.collections]))
  const written = withMoments(document, network)
  const masked = new Masker(collections, written).deep(written)
  const quoted = document.quotes === 'full' ? masked : withKnownQuotes(masked, document)
  const folder = sharedFolder([...inputs.files, ...inputs.kubernetes].map(({ path }) => path))
  // Throws if the document does not match its schema.
  return reportDocumentSchema.parse(withShortQuotes(withoutFolder(quoted, folder)))
}

/** Cuts quoted lines. Names that the report shows as those of a component are kept. */
function withKnownQuotes(masked: unknown, { components }: ReportDocument): unknown {
  const named = components.flatMap(({ name, cluster, namespace, pod }) => [
    name,
    cluster,
    namespace,
    pod,
  ])
  const quoter = new LineQuoter(named.filter((name) => name !== null))
  return mapTexts(masked, (text, isQuote) => (isQuote ? quoter.quote(text) : text))
}

function buildFinding(
  finding: RawFinding,
  id: string,
  sourceIds: ReadonlyMap<number, string>,
  from: number,
): Finding {
  const entry = CAUSE_SHEET[finding.cause]
  const end = Number.isNaN(finding.recoveredAt) ? finding.last : finding.recoveredAt
  return {
    id,
    cause: finding.cause,
    severity: finding.severity,
    status: finding.status,
    title: titleOf(finding),
    link: finding.link?.id ?? null,
    component: finding.component?.id ?? null,
    first: instant(finding.first),
    last: instant(finding.last),
    recoveredAt: instant(finding.recoveredAt),
    durationMs: end >= finding.first ? Math.round(end - finding.first) : null,
    count: finding.count,
    periods: finding.periods
      .toSorted((a, b) => a.from - b.from)
      .slice(-20)
      .map((period) => ({
        from: instantOr(period.from, from),
        to: instantOr(endOf(period), from),
        count: period.count,
      })),
    why: `${finding.why}${formatAbsorbed(finding)}`,
    confidence: finding.confidence,
    party: finding.party ?? entry.party,
    partyName: finding.partyName,
    action: finding.action ?? entry.action,
    next: [...(finding.next ?? entry.next)],
    affects: [...finding.affects].toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
    evidence: selectLines(finding.evidence, 8).map((line) => evidenceOf(line, sourceIds)),
  }
}

/** Lists what would be separate findings if this one did not explain them. */
function formatAbsorbed({ cause, absorbed }: RawFinding): string {
  const titles = [...absorbed]
    .filter((one) => one !== cause)
    .map((one) => CAUSE_SHEET[one].title)
    .toSorted(compareText)
  return titles.length === 0 ? '' : ` Also caused: ${titles.join('; ')}.`
}

function buildClocks({ network, topology }: Analysis): Clock[] {
  return network.links.flatMap((link) => {
    const net = topology.links.find(({ poll }) => poll === link)
    if (net === undefined) return []
    return link.logs.flatMap(({ match }) =>
      match === undefined
        ? []
        : {
            component: net.from.id,
            reference: net.to.id,
            skewMs: Math.round(match.skewMs),
            uncertaintyMs: Math.round(match.uncertaintyMs),
            matched: match.matched,
            confidence: match.confidence,
            text: describeClock(net.from.name, net.to.name, match),
          },
    )
  })
}

function describeClock(name: string, reference: string, match: PollMatch): string {
  const { skewMs, uncertaintyMs, matched, comparable, by, ambiguous } = match
  const size = Math.abs(skewMs)
  const uncertainty = formatDuration(uncertaintyMs)
  return [
    size <= uncertaintyMs
      ? `The clocks of ${name} and ${reference} agree within ${uncertainty}.`
      : `The clock of ${name} is ${formatDuration(size)} (± ${uncertainty}) ${skewMs > 0 ? 'ahead of' : 'behind'} ${reference}.`,
    `${matched} of ${formatCount(comparable, 'poll')} matched by ${by === 'request-id' ? 'request ID' : 'time'}.`,
    ...(ambiguous && by !== 'request-id'
      ? ['A skew that differs by a multiple of the polling interval would match as well.']
      : []),
  ].join(' ')
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0)
}
