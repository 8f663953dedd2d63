import type { NetLink, Topology } from '../exchange/topology.ts'
import type { Network } from '../exchange/network.ts'
import type { PlacedAccount } from '../timeline/placed-account.ts'
import type { FindingDraft } from './finding-draft.ts'

/** What a detector gets: what is known, and what was found before it. */
export interface DiagnosisContext {
  readonly network: Network
  readonly topology: Topology
  readonly found: FindingDraft[]
}

export function viewOf(
  link: NetLink,
  side: NetLink['views'][number]['side'],
): PlacedAccount | undefined {
  return link.views.find((view) => view.side === side)?.account
}

export function pollLinksOf(context: DiagnosisContext): NetLink[] {
  return context.topology.links.filter(({ kind }) => kind === 'poll')
}

/** Findings about this link, or that say they affect it. */
export function about(context: DiagnosisContext, link: NetLink): FindingDraft[] {
  return context.found.filter((finding) => finding.link === link || finding.affects.has(link.id))
}
