import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import type { NetworkLink, Topology } from '../network/topology.ts'
import type { Network } from '../network/network.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { RawFinding } from './raw-finding.ts'

/** The input of a finder: the network, and the findings so far. */
export interface DiagnosisContext {
  readonly network: Network
  readonly topology: Topology
  readonly kubernetes: readonly KubernetesFile[]
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

/** Findings of this link, and those of others that affect it. */
export function about(context: DiagnosisContext, link: NetworkLink): RawFinding[] {
  return context.found.filter((finding) => finding.link === link || finding.affects.has(link.id))
}
