import type { NetworkPlan } from '../simulation/plan.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'
import type { WrapperName } from '../wrappers/wrapper-kinds.ts'
import type { Level } from '../writers/written-line.ts'
import type { WriterName } from '../writers/writer-kinds.ts'
import type { LogPlan } from './scenario.ts'

/** The programs of a network, and how they log. */
export interface Stack {
  readonly clients: 'python' | 'warren'
  readonly relay: 'dotnet' | 'warren'
  /** Warren's programs use their text format. */
  readonly text: boolean
  /** Log level of the clients. */
  readonly level: Level
  readonly relayLevel: Level
}

const EXISTING: Stack = {
  clients: 'python',
  relay: 'dotnet',
  text: true,
  level: 'debug',
  relayLevel: 'info',
}
const WARREN: Stack = {
  clients: 'warren',
  relay: 'warren',
  text: false,
  level: 'debug',
  relayLevel: 'debug',
}

export const STACKS = {
  old: EXISTING,
  // The default levels of both programs.
  'old-quiet': { ...EXISTING, level: 'info' },
  'old-warnings': { ...EXISTING, level: 'info', relayLevel: 'warn' },
  ours: WARREN,
  summaries: { ...WARREN, level: 'info', relayLevel: 'info' },
  'our-text': { ...WARREN, text: true },
  'new-relay': { ...WARREN, clients: 'python' },
  'new-clients': { ...WARREN, relay: 'dotnet', relayLevel: 'info' },
} as const satisfies Record<string, Stack>

/** How the logs of a scenario are collected; varies from scenario to scenario. */
export interface LogCollection {
  readonly clients: WrapperName
  readonly relay: WrapperName
  /** All pods of a cluster are in one file, if the wrapper names the pod of each line. */
  readonly together: boolean
  readonly gzip: boolean
  readonly loadBalancer: 'alb' | 'nginx'
  readonly verbose: boolean
  /** Clusters and pods of the sites have other names than their users at the relay. */
  readonly aliases: boolean
  /** Each log is rotated into two files. */
  readonly rotated: boolean
  readonly zones: { readonly clients: number; readonly relay: number }
}

const RAW: LogCollection = {
  clients: 'raw',
  relay: 'raw',
  together: false,
  gzip: false,
  loadBalancer: 'alb',
  verbose: true,
  aliases: false,
  rotated: false,
  zones: { clients: 0, relay: 0 },
}

/** Used in turn, so that every cause meets many wrappers and time zones. */
export const LOG_COLLECTIONS: readonly [LogCollection, ...LogCollection[]] = [
  { ...RAW, clients: 'kubectl', relay: 'kubectl', zones: { clients: 60, relay: 60 } },
  RAW,
  { ...RAW, clients: 'kubectl', relay: 'stern', together: true, zones: { clients: 60, relay: 0 } },
  {
    ...RAW,
    clients: 'cri',
    relay: 'cri',
    rotated: true,
    loadBalancer: 'nginx',
    zones: { clients: 120, relay: 60 },
  },
  {
    ...RAW,
    clients: 'docker',
    relay: 'kubectl',
    verbose: false,
    zones: { clients: -300, relay: 0 },
  },
  { ...RAW, clients: 'loki-array', relay: 'loki-array', together: true, aliases: true },
  { ...RAW, gzip: true, rotated: true, zones: { clients: 60, relay: 60 } },
  { ...RAW, clients: 'loki-lines', relay: 'loki-lines', together: true, loadBalancer: 'nginx' },
  { ...RAW, relay: 'kubectl', aliases: true, verbose: false, zones: { clients: 60, relay: 120 } },
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

/** Clock skews, ms ahead: small ones for scenarios without clock findings, others up to a minute. */
const SMALL_SKEWS = [0, 340, -1_250, 1_900, -480, 2_300] as const
const SKEWS = [420, -2_600, 7_400, -18_000, 36_500, -54_000, 1_300] as const

/** One log plan per collected component. */
export function logsOf(
  plan: NetworkPlan,
  components: readonly string[],
  options: { stack: Stack; collection: LogCollection; turn: number; accurateClocks: boolean },
): LogPlan[] {
  const { stack, collection, turn, accurateClocks } = options
  const skews = accurateClocks ? SMALL_SKEWS : SKEWS
  return components.map((of, index) => {
    const client = plan.clients.find(({ name }) => name === of.replace(/\/2$/, ''))
    const inRelay = client === undefined
    const wrapper = wrapperOf(of, collection)
    const cluster = client === undefined ? 'relay' : clusterOf(client.name, collection)
    const { container, pod } = podOf(of, collection)
    const shared = collection.together && WRAPPERS[wrapper].named
    const { extension } = WRAPPERS[wrapper]
    const file = `${cluster}/${shared ? 'pods' : pod}.${extension}${collection.gzip ? '.gz' : ''}`
    return {
      of,
      writer: writerOf(of, stack, collection),
      level: inRelay ? stack.relayLevel : stack.level,
      zoneMinutes: inRelay ? collection.zones.relay : collection.zones.clients,
      // The clocks of load balancers and brokers are accurate.
      skewMs:
        of === 'load-balancer' || of === 'broker' ? 0 : (skews[(turn + index) % skews.length] ?? 0),
      verbose: collection.verbose,
      wrapper,
      gzip: collection.gzip,
      rotated: collection.rotated && !shared,
      file,
      origin: { cluster, namespace: inRelay ? 'relay' : 'bunny', pod, container },
    }
  })
}

/** The log of an AWS load balancer comes from a bucket, never from a pod. */
function wrapperOf(of: string, collection: LogCollection): WrapperName {
  if (of === 'load-balancer') return collection.loadBalancer === 'alb' ? 'raw' : collection.relay
  return of === 'relay' || of === 'broker' ? collection.relay : collection.clients
}

const ALIASES = new Map([
  ['site-a', 'northwood'],
  ['site-b', 'eastbrook'],
  ['site-c', 'westfield'],
])

/** Name of a client's cluster, if it differs from its user name. */
export function aliasOf(client: string): string {
  return ALIASES.get(client) ?? client
}

function clusterOf(client: string, { aliases }: LogCollection): string {
  return aliases ? aliasOf(client) : client
}

function podOf(of: string, { aliases }: LogCollection): { pod: string; container: string } {
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

function writerOf(of: string, stack: Stack, collection: LogCollection): WriterName {
  if (of === 'load-balancer') return collection.loadBalancer
  if (of === 'broker') return 'rabbitmq'
  if (of === 'relay') {
    if (stack.relay === 'dotnet') return 'dotnet-relay'
    return stack.text ? 'relay-text' : 'relay-json'
  }
  if (stack.clients === 'python') return 'python-bunny'
  return stack.text ? 'bunny-text' : 'bunny-json'
}
