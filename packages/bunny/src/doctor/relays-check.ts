import { ClientTls, proxyFor, taskApiBase, type ResolveHost } from '@warren/task-api'
import { errorText } from '../error-text.ts'
import type { RelayConfig } from '../relay-settings.ts'
import { VERSION } from '../version.ts'
import type { Checklist, Subject } from './checklist.ts'
import { checkClientCertificate } from './client-certificate.ts'
import { checkNetwork, type Way } from './network-checks.ts'
import { checkClock, checkLogin } from './relay-checks.ts'
import { failed } from './step.ts'

export interface RelaysCheck {
  readonly env: NodeJS.ProcessEnv
  readonly resolve?: ResolveHost
}

const USER_AGENT = `warren-bunny/${VERSION}`

/**
 * Walks the way to every relay, and checks the login for every collection. Returns the relays that accept it. A way that
 * several collections share is walked once.
 */
export async function checkRelays(
  list: Checklist,
  relays: readonly RelayConfig[],
  options: RelaysCheck,
): Promise<ReadonlySet<RelayConfig>> {
  const accepted = new Set<RelayConfig>()
  const ways = new Map<string, Way | undefined>()
  for (const relay of relays) {
    await list.about(subjectOf(relay, relays), async () => {
      const base = taskApiBase(relay.baseUrl)
      const key = JSON.stringify([base.origin, relay.tls])
      if (!ways.has(key)) ways.set(key, await walkTo(list, base, relay, options))
      const { username, password, collectionId: collection } = relay
      const login = { base, userAgent: USER_AGENT, username, password, collection }
      if (await checkLogin(list, login, ways.get(key))) accepted.add(relay)
    })
  }
  return accepted
}

/** Steps name the relay if there are several. */
export function subjectOf(relay: RelayConfig, relays: readonly RelayConfig[]): Subject {
  const variable = (name: string): string => relay.variables[name] ?? name
  return relays.length === 1 ? { variable } : { link: relay.name, variable }
}

async function walkTo(
  list: Checklist,
  base: URL,
  { tls: files }: RelayConfig,
  { env, resolve }: RelaysCheck,
): Promise<Way | undefined> {
  let proxy: URL | undefined
  let tls: ClientTls
  try {
    proxy = proxyFor(base, env)
    tls = new ClientTls({ env, files, now: Date.now, onProblem: () => {} })
  } catch (error: unknown) {
    // For example, NODE_EXTRA_CA_CERTS names a file that cannot be read.
    const name = {
      id: 'relay.route',
      area: 'configuration',
      title: 'proxy and certificates',
    } as const
    await list.run(name, () => failed(errorText(error), 'Correct the variable, or unset it.'))
    return undefined
  }
  if (files.certificate !== undefined) await checkClientCertificate(list, files.certificate)
  const way = await checkNetwork(list, {
    base,
    proxy,
    tls: tls.contexts,
    userAgent: USER_AGENT,
    ...(resolve === undefined ? {} : { resolve }),
  })
  await checkClock(list, way)
  return way
}
