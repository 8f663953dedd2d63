import type { NetworkLink, Topology } from '../exchange/topology.ts'
import type { Network } from '../exchange/network.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { RawFinding } from './raw-finding.ts'

/** What a detector gets: what is known, and what was found before it. */
export interface DiagnosisContext {
  readonly network: Network
  readonly topology: Topology
  readonly found: RawFinding[]
}

export function viewOf(
  link: NetworkLink,
  side: NetworkLink['views'][number]['side'],
): SideView | undefined {
  return link.views.find((view) => view.side === side)?.view
}

export function pollLinksOf(context: DiagnosisContext): NetworkLink[] {
  return context.topology.links.filter(({ kind }) => kind === 'poll')
}

/** Findings about this link, or that say they affect it. */
export function about(context: DiagnosisContext, link: NetworkLink): RawFinding[] {
  return context.found.filter((finding) => finding.link === link || finding.affects.has(link.id))
}
