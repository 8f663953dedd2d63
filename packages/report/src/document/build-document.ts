import { compareText } from '../read/input-files.ts'
import type { Analysis } from '../analysis.ts'
import { checklist } from '../checklist/checklist.ts'
import type { ProgramLog } from '../exchange/network.ts'
import { CAUSE_CATALOGUE } from '../findings/cause-catalogue.ts'
import { titleOf } from '../findings/diagnose.ts'
import { endOf } from '../findings/raw-finding.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { formatDuration } from '../findings/figures.ts'
import { caveatsOf } from './caveats.ts'
import { componentSection } from './component-section.ts'
import { conclusionOf } from './conclusion.ts'
import { chosen, evidenceOf, instant, instantOr, withShortQuotes } from './instants.ts'
import { linkSection } from './link-section.ts'
import { withMoments } from './moment.ts'
import { Masker } from './masking.ts'
import { REPORT_VERSION, reportDocumentSchema } from './report-document.ts'
import type { Clock, Finding, ReportDocument } from './report-document.ts'
import { sharedFolder, withoutFolder } from './shared-folder.ts'
import { sourceSection } from './source-section.ts'
import { numbersOf, sentenceOf, verdictOf } from './summary.ts'
import { transactionSection } from './transaction-section.ts'

/** The analysis as the document every renderer shows: complete, masked, the same for the same logs. */
export function buildDocument(
  analysis: Analysis,
  limits: { since: number | undefined; until: number | undefined } = {
    since: undefined,
    until: undefined,
  },
): ReportDocument {
  const { network, diagnosis, inputs, clockOffsets } = analysis
  const sourceIds = new Map(
    clockOffsets.map(({ source }, index) => [source.sourceId, `S${index + 1}`]),
  )
  const idsOf = (log: ProgramLog): string[] => [sourceIds.get(log.source.sourceId) ?? 'S0']
  const numbers = new Map(diagnosis.findings.map((finding, index) => [finding, `F${index + 1}`]))
  const idOf = (finding: RawFinding): string => numbers.get(finding) ?? 'F0'
  const checks = checklist(analysis)
  const links = linkSection(analysis, idOf, sourceIds)
  const verdict = verdictOf(diagnosis.findings, checks, inputs)
  const sentence = sentenceOf(verdict, analysis, checks)
  const sources = sourceSection(analysis, sourceIds)
  const caveats = caveatsOf(analysis)
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
      since: instant(limits.since ?? Number.NaN),
      until: instant(limits.until ?? Number.NaN),
    },
    numbers: numbersOf(analysis),
    totals: {
      lines: inputs.files.reduce((sum, { reader }) => sum + reader.lines, 0),
      bytes: inputs.files.reduce((sum, { reader }) => sum + reader.bytes, 0),
      files: inputs.files.length,
      sources: sources.length,
      unreadable: sources.reduce((sum, { unreadable }) => sum + unreadable, 0),
      errors: count('error'),
      warnings: count('warning'),
      infos: count('info'),
    },
    caveats,
    sources,
    components: componentSection(analysis, idsOf),
    clocks: clocksOf(analysis),
    links,
    transactions: [analysis.poll, analysis.task].flatMap((transaction) =>
      transaction === undefined ? [] : [transactionSection(transaction, sourceIds)],
    ),
    findings: diagnosis.findings.map((finding) =>
      findingOf(finding, idOf(finding), sourceIds, network.from),
    ),
    checklist: checks.map(({ id, title, state, number, detail, findings, evidence }) => ({
      id,
      title,
      state,
      number,
      detail,
      findings: findings.map(idOf),
      evidence: chosen(evidence, 3).map((line) => evidenceOf(line, sourceIds)),
    })),
    conclusion: conclusionOf(verdict, analysis, checks, links, caveats),
  }
  return finished(document, analysis)
}

/** Masks every text, then shortens quoted lines: a secret must not survive because a line was cut in its middle. */
function finished(document: ReportDocument, { network, inputs }: Analysis): ReportDocument {
  const collections = [
    ...network.relays.flatMap((relay) => relay.logs),
    ...network.loadBalancers,
  ].flatMap(({ facts }) => facts.clients.all().flatMap((client) => [...client.collections]))
  const written = withMoments(document, network)
  const masked = new Masker(collections, written).deep(written)
  const folder = sharedFolder(inputs.files.map(({ path }) => path))
  // Parsed again: what leaves this room is what the schema promises.
  return reportDocumentSchema.parse(withShortQuotes(withoutFolder(masked, folder)))
}

function findingOf(
  finding: RawFinding,
  id: string,
  sourceIds: ReadonlyMap<number, string>,
  from: number,
): Finding {
  const entry = CAUSE_CATALOGUE[finding.cause]
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
    why: `${finding.why}${explained(finding)}`,
    confidence: finding.confidence,
    party: finding.party ?? entry.party,
    partyName: finding.partyName,
    action: finding.action ?? entry.action,
    next: [...(finding.next ?? entry.next)],
    affects: [...finding.affects].toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
    evidence: chosen(finding.evidence, 8).map((line) => evidenceOf(line, sourceIds)),
  }
}

/** What would be a finding of its own if this one did not explain it. */
function explained({ cause, absorbed }: RawFinding): string {
  const titles = [...absorbed]
    .filter((one) => one !== cause)
    .map((one) => CAUSE_CATALOGUE[one].title)
    .toSorted(compareText)
  return titles.length === 0 ? '' : ` This explains: ${titles.join('; ')}.`
}

function clocksOf({ network, topology }: Analysis): Clock[] {
  return network.links.flatMap((link) => {
    const net = topology.links.find(({ poll }) => poll === link)
    if (net === undefined) return []
    return link.logs.flatMap(({ match }) => {
      if (match === undefined) return []
      const size = Math.abs(match.skewMs)
      const how =
        match.by === 'request-id'
          ? 'by request ids'
          : match.ambiguous
            ? 'by time; a multiple of the polling rhythm more would fit as well'
            : 'by time'
      return [
        {
          component: net.from.id,
          reference: net.to.id,
          skewMs: Math.round(match.skewMs),
          uncertaintyMs: Math.round(match.uncertaintyMs),
          matched: match.matched,
          certainty: match.certainty,
          text:
            size <= match.uncertaintyMs
              ? `The clocks of ${net.from.name} and ${net.to.name} agree within ${formatDuration(Math.max(size, match.uncertaintyMs))} (${match.matched} of ${match.comparable} polls matched ${how}).`
              : `${net.from.name} is ${formatDuration(size)} ${match.skewMs > 0 ? 'ahead of' : 'behind'} ${net.to.name}, ± ${formatDuration(match.uncertaintyMs)} (${match.matched} of ${match.comparable} polls matched ${how}).`,
        },
      ]
    })
  })
}
