import { BlockList, isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { trustedCertificates } from './trusted-certificates.ts'

export interface RouteOptions {
  readonly base: URL
  readonly connectTimeoutMs: number
  readonly env: NodeJS.ProcessEnv
}

// There is one server, so this limits concurrent requests too. Further requests wait for a connection.
const MAX_CONNECTIONS = 32

// Load balancers usually close idle connections after a minute, and polls are a few seconds apart. Closing
// first avoids sending a request on a connection that is being closed.
const KEEP_ALIVE_MS = 30_000

export interface Route {
  readonly dispatcher: Dispatcher
  /** For messages: `host:port`, and the proxy if there is one. */
  readonly target: string
}

/** Creates kept-alive connections to one server, with the proxy and the CAs that the environment names. */
export function createRoute({ base, connectTimeoutMs, env }: RouteOptions): Route {
  const ca = trustedCertificates(env)
  // Created once: parsing the certificates again for every connection takes 40 ms.
  const tls = ca === undefined ? {} : { secureContext: createSecureContext({ ca }) }
  const pool = {
    connections: MAX_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // HttpExchange has one timeout for the whole exchange. A second one would make errors ambiguous.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs, ...tls },
  }
  const proxy = proxyFor(base, env)
  if (proxy === '') return { dispatcher: new Agent(pool), target: base.host }
  const dispatcher = new EnvHttpProxyAgent({
    ...pool,
    // All are set, because undici would read the others from the environment of the process.
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: variable(env, 'no_proxy'),
    requestTls: { timeout: connectTimeoutMs, ...tls },
    proxyTls: { timeout: connectTimeoutMs, ...tls },
  })
  return { dispatcher, target: `${base.host} (through the proxy ${new URL(proxy).host})` }
}

// Lower case takes precedence, as in curl: in CGI programs a request header can set HTTP_PROXY.
function variable(env: NodeJS.ProcessEnv, name: string): string {
  const lower = env[name]?.trim()
  return lower !== undefined && lower !== '' ? lower : (env[name.toUpperCase()]?.trim() ?? '')
}

function proxyFor(base: URL, env: NodeJS.ProcessEnv): string {
  const own = variable(env, base.protocol === 'https:' ? 'https_proxy' : 'http_proxy')
  const proxy = own === '' ? variable(env, 'all_proxy') : own
  if (proxy === '' || inNoProxyNetwork(base, variable(env, 'no_proxy'))) return ''
  const url = proxy.includes('://') ? proxy : `http://${proxy}`
  // Checked here, because the error of the URL parser contains the URL, which may contain a password.
  if (!URL.canParse(url)) throw new Error('the proxy in HTTPS_PROXY / HTTP_PROXY is not a URL')
  return url
}

// Clusters list networks in NO_PROXY (10.0.0.0/8), which undici does not support.
function inNoProxyNetwork(base: URL, noProxy: string): boolean {
  const host = base.hostname.replace(/^\[(.+)\]$/, '$1')
  const version = isIP(host)
  if (version === 0) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  return noProxy.split(/[,\s]+/).some((entry) => {
    const [network, prefix] = entry.split('/')
    if (network === undefined || prefix === undefined || isIP(network) !== version) return false
    const bits = Number(prefix)
    if (!/^\d+$/.test(prefix) || bits > (version === 6 ? 128 : 32)) return false
    const list = new BlockList()
    list.addSubnet(network, bits, family)
    return list.check(host, family)
  })
}
