import type { NetworkPlan } from '../simulation/plan.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'
import type { WrapperName } from '../wrappers/wrapper-kinds.ts'
import type { Level } from '../writers/written-line.ts'
import type { WriterName } from '../writers/writer-kinds.ts'
import type { LogPlan } from './scenario.ts'

/** Which programs run, and how they write. */
export interface Stack {
  readonly clients: 'python' | 'warren'
  readonly relay: 'dotnet' | 'warren'
  /** Ours write text. */
  readonly text: boolean
  /** Of the clients. */
  readonly level: Level
  readonly relayLevel: Level
}

const OLD: Stack = {
  clients: 'python',
  relay: 'dotnet',
  text: true,
  level: 'debug',
  relayLevel: 'info',
}
const OURS: Stack = {
  clients: 'warren',
  relay: 'warren',
  text: false,
  level: 'debug',
  relayLevel: 'debug',
}

export const STACKS = {
  old: OLD,
  // What both programs write unless told otherwise.
  'old-quiet': { ...OLD, level: 'info' },
  'old-warnings': { ...OLD, level: 'info', relayLevel: 'warn' },
  ours: OURS,
  summaries: { ...OURS, level: 'info', relayLevel: 'info' },
  'our-text': { ...OURS, text: true },
  'new-relay': { ...OURS, clients: 'python' },
  'new-clients': { ...OURS, relay: 'dotnet', relayLevel: 'info' },
} as const satisfies Record<string, Stack>

/** How the logs of a scenario were collected; changes from scenario to scenario. */
export interface Collecting {
  readonly clients: WrapperName
  readonly relay: WrapperName
  /** Pods of one cluster in one file, where the wrapper says which line is whose. */
  readonly together: boolean
  readonly gzip: boolean
  readonly balancer: 'alb' | 'nginx'
  readonly wordy: boolean
  /** Clusters and pods of the sites are called otherwise than their users at the relay. */
  readonly aliases: boolean
  /** Each log is in two files, the older one rotated. */
  readonly rotated: boolean
  readonly zones: { readonly clients: number; readonly relay: number }
}

const RAW: Collecting = {
  clients: 'raw',
  relay: 'raw',
  together: false,
  gzip: false,
  balancer: 'alb',
  wordy: true,
  aliases: false,
  rotated: false,
  zones: { clients: 0, relay: 0 },
}

/** Wrappers and zones are taken in turn, so that every cause meets many of them. */
export const WAYS: readonly [Collecting, ...Collecting[]] = [
  { ...RAW, clients: 'kubectl', relay: 'kubectl', zones: { clients: 60, relay: 60 } },
  RAW,
  { ...RAW, clients: 'kubectl', relay: 'stern', together: true, zones: { clients: 60, relay: 0 } },
  {
    ...RAW,
    clients: 'cri',
    relay: 'cri',
    rotated: true,
    balancer: 'nginx',
    zones: { clients: 120, relay: 60 },
  },
  { ...RAW, clients: 'docker', relay: 'kubectl', wordy: false, zones: { clients: -300, relay: 0 } },
  { ...RAW, clients: 'loki-array', relay: 'loki-array', together: true, aliases: true },
  { ...RAW, gzip: true, rotated: true, zones: { clients: 60, relay: 60 } },
  { ...RAW, clients: 'loki-lines', relay: 'loki-lines', together: true, balancer: 'nginx' },
  { ...RAW, relay: 'kubectl', aliases: true, wordy: false, zones: { clients: 60, relay: 120 } },
  {
    ...RAW,
    clients: 'loki-csv',
    relay: 'loki-csv',
    together: true,
    zones: { clients: 330, relay: 0 },
  },
  { ...RAW, clients: 'stern-json', relay: 'stern-json', together: true, gzip: true },
  { ...RAW, clients: 'kubectl', relay: 'docker', zones: { clients: 0, relay: 120 } },
]

/** Clocks of the machines, ms ahead; small where nothing is to be found, else up to a minute. */
const SMALL_SKEWS = [0, 340, -1_250, 1_900, -480, 2_300] as const
const SKEWS = [420, -2_600, 7_400, -18_000, 36_500, -54_000, 1_300] as const

/** One log plan for each component of a network that is to be collected. */
export function logsOf(
  plan: NetworkPlan,
  components: readonly string[],
  options: { stack: Stack; way: Collecting; turn: number; steady: boolean },
): LogPlan[] {
  const { stack, way, turn, steady } = options
  const skews = steady ? SMALL_SKEWS : SKEWS
  return components.map((of, index) => {
    const client = plan.clients.find(({ name }) => name === of.replace(/\/2$/, ''))
    const inRelay = client === undefined
    const wrapper = wrapperOf(of, way)
    const cluster = client === undefined ? 'relay' : clusterOf(client.name, way)
    const { container, pod } = podOf(of, way)
    const shared = way.together && WRAPPERS[wrapper].named
    const { extension } = WRAPPERS[wrapper]
    const file = `${cluster}/${shared ? 'pods' : pod}.${extension}${way.gzip ? '.gz' : ''}`
    return {
      of,
      writer: writerOf(of, stack, way),
      level: inRelay ? stack.relayLevel : stack.level,
      zoneMinutes: inRelay ? way.zones.relay : way.zones.clients,
      // The balancer and the broker run where time is kept well.
      skewMs:
        of === 'load-balancer' || of === 'broker' ? 0 : (skews[(turn + index) % skews.length] ?? 0),
      wordy: way.wordy,
      wrapper,
      gzip: way.gzip,
      rotated: way.rotated && !shared,
      file,
      origin: { cluster, namespace: inRelay ? 'relay' : 'bunny', pod, container },
    }
  })
}

/** The log of an AWS balancer comes out of a bucket, never out of a pod. */
function wrapperOf(of: string, way: Collecting): WrapperName {
  if (of === 'load-balancer') return way.balancer === 'alb' ? 'raw' : way.relay
  return of === 'relay' || of === 'broker' ? way.relay : way.clients
}

const ALIASES = new Map([
  ['site-a', 'northwood'],
  ['site-b', 'eastbrook'],
  ['site-c', 'westfield'],
])

/** What the cluster of a client is called, where not after its user. */
export function aliasOf(client: string): string {
  return ALIASES.get(client) ?? client
}

function clusterOf(client: string, { aliases }: Collecting): string {
  return aliases ? aliasOf(client) : client
}

function podOf(of: string, { aliases }: Collecting): { pod: string; container: string } {
  switch (of) {
    case 'relay':
      return { pod: 'hub-relay-6d5f7c9b8-x2k4q', container: 'relay' }
    case 'broker':
      return { pod: 'hub-rabbitmq-0', container: 'rabbitmq' }
    case 'load-balancer':
      return { pod: 'ingress-nginx-controller-7f4d-9qv2x', container: 'controller' }
    default: {
      const name = of.replace(/\/2$/, '')
      const hash = of.endsWith('/2') ? '5b8d9c7f4-tt7wp' : '7c9d4f6b5-m8z2x'
      return { pod: aliases ? `bunny-${hash}` : `bunny-${name}-${hash}`, container: 'bunny' }
    }
  }
}

function writerOf(of: string, stack: Stack, way: Collecting): WriterName {
  if (of === 'load-balancer') return way.balancer
  if (of === 'broker') return 'rabbitmq'
  if (of === 'relay') {
    if (stack.relay === 'dotnet') return 'dotnet-relay'
    return stack.text ? 'relay-text' : 'relay-json'
  }
  if (stack.clients === 'python') return 'python-bunny'
  return stack.text ? 'bunny-text' : 'bunny-json'
}
