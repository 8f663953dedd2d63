/** What Kubernetes, a load balancer or cert-manager reports of a component. */
export const INCIDENT_KINDS = [
  'out-of-memory',
  'crash-loop',
  'image-pull-failing',
  'pod-evicted',
  'probe-failing',
  'pod-restarted',
  'target-unhealthy',
  'certificate-not-renewed',
] as const
export type IncidentKind = (typeof INCIDENT_KINDS)[number]

/** Times are UTC milliseconds; NaN if the file has only an age, such as `3m12s`. */
export interface Incident {
  readonly kind: IncidentKind
  readonly namespace: string
  /** Name of the pod, the target or the certificate. */
  readonly name: string
  readonly first: number
  readonly last: number
  readonly count: number
  /** An event; otherwise a state, whose count includes all earlier ones. */
  readonly isEvent: boolean
  /** The state when the file was collected, not only an event before. */
  readonly current: boolean
  /** What the file says about it, in a few words of its own. */
  readonly detail: string
  /** 1-based line in the file. */
  readonly line: number
}

/** The kind of a reason of an event or a container state; undefined for a reason that is not a problem. */
export function kindOfReason(reason: string, message: string): IncidentKind | undefined {
  const isPull = /pull|\bimage\b/i.test(message)
  switch (reason) {
    case 'OOMKilled':
    case 'OOMKilling':
    case 'SystemOOM':
      return 'out-of-memory'
    case 'CrashLoopBackOff':
      return 'crash-loop'
    case 'BackOff':
      return isPull ? 'image-pull-failing' : 'crash-loop'
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'InvalidImageName':
      return 'image-pull-failing'
    case 'Failed':
      return isPull ? 'image-pull-failing' : undefined
    case 'Evicted':
    case 'Preempted':
    case 'TaintManagerEviction':
      return 'pod-evicted'
    case 'Unhealthy':
      return 'probe-failing'
    case 'Killing':
      return /probe/i.test(message) ? 'probe-failing' : undefined
    default:
      return undefined
  }
}

/** Milliseconds of a timestamp as Kubernetes writes it; NaN if it has none. */
export function timeOf(text: unknown): number {
  return typeof text === 'string' || text instanceof Date ? new Date(text).getTime() : Number.NaN
}
