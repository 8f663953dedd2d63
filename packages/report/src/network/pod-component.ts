import { roleOfComponent } from '../read/source-labels.ts'
import type { SourceLabels } from '../read/source-labels.ts'
import { roleSchema } from '../vocabulary/role.ts'
import type { Role } from '../vocabulary/role.ts'
import type { NetworkComponent, Topology } from './topology.ts'
import { deploymentOf } from './program-name.ts'

/** A pod by its name, and where the file that mentions it comes from. */
export interface NamedPod {
  readonly name: string
  readonly namespace: string
  readonly labels: SourceLabels
}

/** The component that runs in a pod, and its role: `unknown` for a pod that belongs to something else. */
export function componentOfPod(
  { components }: Topology,
  pod: NamedPod,
): { readonly component: NetworkComponent | undefined; readonly role: Role } {
  const own = components.find(({ logs }) => logs.some(({ source }) => runsIn(source, pod)))
  if (own !== undefined) return { component: own, role: own.role }
  const role = roleOfName(pod)
  const alike = components.filter((component) => component.role === role)
  const words = new Set(wordsOf(`${pod.name} ${pod.namespace} ${pod.labels.cluster ?? ''}`))
  const named = alike.filter(({ name }) => wordsOf(name).every((word) => words.has(word)))
  const [only] = named.length === 1 ? named : role === 'client' ? [] : alike
  const sure = named.length === 1 || alike.length === 1
  return { component: sure ? only : undefined, role }
}

/** The log was written in this pod, or in one that it replaced. */
function runsIn(
  { labels, hostname, file }: { labels: SourceLabels; hostname: string; file: string },
  { name }: NamedPod,
): boolean {
  const pods = [labels.pod ?? '', hostname, (file.split('/').at(-1) ?? '').replace(/\.\w+$/, '')]
  return (
    pods.includes(name) || (/-/.test(name) && pods.map(deploymentOf).includes(deploymentOf(name)))
  )
}

function roleOfName({ name, labels }: NamedPod): Role {
  const names = [...wordsOf(deploymentOf(name)), labels.component ?? '']
  const role = names.map((word) => roleOfComponent(word)).find((one) => one !== undefined)
  return roleSchema.safeParse(role).data ?? 'unknown'
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}
