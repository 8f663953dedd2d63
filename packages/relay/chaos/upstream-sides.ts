import { FaultProxy } from '@warren/testkit'
import { loadUpstreamConfig, startUpstream, type UpstreamHandle } from '@warren/upstream'
import type { RunHistory } from './history.ts'
import type { Manner } from './plan.ts'
import type { NodeLogin } from './scripted-node.ts'
import { UpstreamGateway } from './upstream-gateway.ts'

export interface UpstreamSide {
  readonly upstream: UpstreamHandle
  /** The credentials of the relays. */
  readonly login: NodeLogin
  readonly gateway: UpstreamGateway
  /** The connections of a relay to it. */
  readonly links: ReadonlyMap<string, FaultProxy>
}

/** Starts an upstream of each manner. They end with `owner`. */
export async function startUpstreams(
  relays: readonly string[],
  history: RunHistory,
  owner: AsyncDisposableStack,
): Promise<Record<Manner, UpstreamSide>> {
  return {
    leasing: await startUpstreamSide('leasing', relays, history, owner),
    once: await startUpstreamSide('once', relays, history, owner),
  }
}

async function startUpstreamSide(
  manner: Manner,
  relays: readonly string[],
  history: RunHistory,
  owner: AsyncDisposableStack,
): Promise<UpstreamSide> {
  const upstream = owner.use(
    await startUpstream(
      loadUpstreamConfig({
        UPSTREAM_PORT: '0',
        UPSTREAM_BEHAVIOUR: manner === 'leasing' ? 'current' : 'older',
        UPSTREAM_LEASE: '10s',
        UPSTREAM_MAX_ATTEMPTS: '1000',
        UPSTREAM_TASK_TIMEOUT: '1d',
        UPSTREAM_DISTRIBUTION_TIMEOUT: '1d',
        UPSTREAM_SUSPEND_AFTER: '1d',
        UPSTREAM_RATE_LIMIT: '0',
      }),
    ),
  )
  const { collectionId, username, password } = await upstream.collections.add({ name: 'relay' })
  const gateway = owner.use(await UpstreamGateway.start(upstream.url, history))
  const links = new Map<string, FaultProxy>()
  for (const relay of relays) links.set(relay, owner.use(await FaultProxy.start(gateway.url)))
  return { upstream, login: { username, password, collectionId }, gateway, links }
}
