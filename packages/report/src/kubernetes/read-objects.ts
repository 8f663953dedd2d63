import { z } from 'zod'
import { kindOfReason, timeOf } from './incident.ts'
import type { Incident } from './incident.ts'

const MAX_OBJECTS = 50_000

const text = z.string().catch('')
const time = z.union([z.string(), z.date()]).nullish().catch(undefined)
const metadata = z.object({ name: text, namespace: text, uid: text }).partial().catch({})
const reference = z.object({ kind: text, name: text, namespace: text }).partial().catch({})
const terminated = z
  .object({ reason: text, startedAt: time, finishedAt: time })
  .partial()
  .optional()
const containerState = z
  .object({ waiting: z.object({ reason: text }).partial().optional(), terminated })
  .partial()
  .catch({})

/** The members of events, pods and certificates that matter. Everything else is ignored. */
const objectSchema = z.object({
  kind: text,
  metadata,
  reason: text,
  message: text,
  note: text,
  type: text,
  count: z.number().nullish().catch(undefined),
  involvedObject: reference,
  regarding: reference,
  firstTimestamp: time,
  lastTimestamp: time,
  eventTime: time,
  series: z
    .object({ count: z.number(), lastObservedTime: time })
    .partial()
    .nullish()
    .catch(undefined),
  status: z
    .object({
      reason: text,
      startTime: time,
      notAfter: time,
      containerStatuses: z
        .array(
          z.object({
            name: text,
            restartCount: z.number().catch(0),
            state: containerState,
            lastState: containerState,
          }),
        )
        .catch([]),
      conditions: z
        .array(z.object({ type: text, status: text, reason: text, lastTransitionTime: time }))
        .catch([]),
    })
    .partial()
    .catch({}),
})
type KubernetesObject = z.infer<typeof objectSchema>

const targetSchema = z.object({
  Target: z.object({ Id: z.string(), Port: z.number().optional() }),
  TargetHealth: z.object({ State: z.string(), Reason: text, Description: text }),
})

/**
 * Incidents in an object or a list of objects, as `kubectl -o json`, `-o yaml` and `aws elbv2 describe-target-health` write them.
 * @param lineOf line of a text that only this object contains
 */
export function readObjects(value: unknown, lineOf: (text: string) => number): Incident[] {
  if (typeof value !== 'object' || value === null) return []
  if ('TargetHealthDescriptions' in value)
    return readTargets(value.TargetHealthDescriptions, lineOf)
  const items = 'items' in value && Array.isArray(value.items) ? value.items : [value]
  return items.slice(0, MAX_OBJECTS).flatMap((item: unknown) => {
    const parsed = objectSchema.safeParse(item)
    return parsed.success ? ofObject(parsed.data, lineOf) : []
  })
}

function ofObject(object: KubernetesObject, lineOf: (text: string) => number): Incident[] {
  const { uid = '', name = '' } = object.metadata
  const line = lineOf(uid === '' ? name : uid)
  if (object.involvedObject.name !== undefined || object.regarding.name !== undefined)
    return ofEvent(object, line)
  if (object.kind === 'Certificate') return ofCertificate(object, line)
  return ofPod(object, line)
}

function ofEvent(event: KubernetesObject, line: number): Incident[] {
  const about = event.involvedObject.name === undefined ? event.regarding : event.involvedObject
  const message = event.message === '' ? event.note : event.message
  const issuing = /^(Certificate|CertificateRequest|Order|Challenge|Issuer|ClusterIssuer)$/
  const kind = issuing.test(about.kind ?? '')
    ? event.type === 'Warning'
      ? 'certificate-not-renewed'
      : undefined
    : kindOfReason(event.reason, message)
  if (kind === undefined) return []
  const last = firstKnown(
    timeOf(event.series?.lastObservedTime),
    timeOf(event.lastTimestamp),
    timeOf(event.eventTime),
  )
  return [
    {
      kind,
      namespace: about.namespace ?? '',
      name: about.name ?? '',
      first: firstKnown(timeOf(event.firstTimestamp), timeOf(event.eventTime), last),
      last,
      count: Math.max(1, event.series?.count ?? event.count ?? 1),
      isEvent: true,
      current: false,
      detail: event.reason,
      line,
    },
  ]
}

function ofPod(
  { metadata: { name = '', namespace = '' }, status }: KubernetesObject,
  line: number,
): Incident[] {
  const about = { namespace, name, line }
  const incidents: Incident[] = []
  const evicted = kindOfReason(status.reason ?? '', '')
  if (evicted !== undefined) {
    const at = timeOf(status.startTime)
    incidents.push({
      ...about,
      kind: evicted,
      first: at,
      last: at,
      count: 1,
      isEvent: false,
      current: true,
      detail: status.reason ?? '',
    })
  }
  for (const { restartCount, state, lastState } of status.containerStatuses ?? []) {
    const waiting = state.waiting?.reason ?? ''
    const ended = lastState.terminated ?? state.terminated
    incidents.push(
      ...ofContainer({
        ...about,
        waiting,
        reason: ended?.reason ?? '',
        at: timeOf(ended?.finishedAt),
        restarts: restartCount,
      }),
    )
  }
  return incidents
}

/** State of a container, from JSON or from `kubectl describe`. */
export interface ContainerState {
  readonly namespace: string
  readonly name: string
  readonly line: number
  /** Why it waits; '' if it does not. */
  readonly waiting: string
  /** Why it ended last; '' if it never did. */
  readonly reason: string
  /** When it ended last. */
  readonly at: number
  readonly restarts: number
}

/** Out of memory explains a crash loop, which explains restarts: the best explanation alone is listed. */
export function ofContainer(state: ContainerState): Incident[] {
  const { namespace, name, line, waiting, reason, at, restarts } = state
  const kinds = [kindOfReason(reason, ''), kindOfReason(waiting, '')]
  const kind =
    kinds.find((one) => one !== undefined) ?? (restarts > 0 ? 'pod-restarted' : undefined)
  if (kind === undefined) return []
  return [
    {
      kind,
      namespace,
      name,
      first: at,
      last: at,
      count: Math.max(1, restarts),
      isEvent: false,
      current: waiting !== '',
      detail: [reason, waiting].filter((part) => part !== '').join(', '),
      line,
    },
  ]
}

function ofCertificate(
  { metadata: { name = '', namespace = '' }, status }: KubernetesObject,
  line: number,
): Incident[] {
  const failed = (status.conditions ?? []).find(
    (one) =>
      (one.type === 'Ready' && one.status === 'False') ||
      (one.type === 'Issuing' && one.reason === 'Failed'),
  )
  if (failed === undefined) return []
  const at = timeOf(failed.lastTransitionTime)
  return [
    {
      kind: 'certificate-not-renewed',
      namespace,
      name,
      first: at,
      last: at,
      count: 1,
      isEvent: false,
      current: true,
      detail: failed.reason,
      line,
    },
  ]
}

function readTargets(value: unknown, lineOf: (text: string) => number): Incident[] {
  const parsed = z.array(targetSchema).max(MAX_OBJECTS).safeParse(value)
  if (!parsed.success) return []
  return parsed.data
    .filter(
      ({ TargetHealth }) =>
        TargetHealth.State === 'unhealthy' || TargetHealth.State === 'unavailable',
    )
    .map(({ Target: { Id, Port }, TargetHealth: { State, Reason } }) => ({
      kind: 'target-unhealthy',
      namespace: '',
      name: Port === undefined ? Id : `${Id}:${Port}`,
      first: Number.NaN,
      last: Number.NaN,
      count: 1,
      isEvent: false,
      current: true,
      detail: Reason === '' ? State : Reason,
      line: lineOf(Id),
    }))
}

function firstKnown(...times: readonly number[]): number {
  return times.find((one) => !Number.isNaN(one)) ?? Number.NaN
}
