import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { getCACertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'

export interface RouteOptions {
  readonly base: URL
  readonly connectTimeoutMs: number
  readonly env: NodeJS.ProcessEnv
}

// One server, so this also bounds how many requests run at once; more wait for a free connection.
const MAX_CONNECTIONS = 32

// Load balancers close idle connections after a minute as a rule; polls come every few seconds. Letting
// go before they do avoids sending a request into a connection that is just being closed.
const KEEP_ALIVE_MS = 30_000

export interface Route {
  readonly dispatcher: Dispatcher
  /** Whom we talk to, for people: `host:port`, and through which proxy. */
  readonly target: string
}

/** Connections to one server: kept alive, through the proxy the environment names, trusting its CAs. */
export function createRoute({ base, connectTimeoutMs, env }: RouteOptions): Route {
  const ca = trustedCertificates(env)
  const tls = ca === undefined ? {} : { ca }
  const pool = {
    connections: MAX_CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The client has one deadline for the whole exchange; two clocks would blame each other.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    connect: { timeout: connectTimeoutMs, ...tls },
  }
  const proxy = proxyFor(base, env)
  if (proxy === '') return { dispatcher: new Agent(pool), target: base.host }
  const dispatcher = new EnvHttpProxyAgent({
    ...pool,
    // Every setting is given, because undici reads the process's own environment for what is not.
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: variable(env, 'no_proxy'),
    requestTls: { timeout: connectTimeoutMs, ...tls },
    proxyTls: { timeout: connectTimeoutMs, ...tls },
  })
  return { dispatcher, target: `${base.host} (through the proxy ${new URL(proxy).host})` }
}

// Lower case wins, as in curl: HTTP_PROXY can be set by a request header in CGI programs.
function variable(env: NodeJS.ProcessEnv, name: string): string {
  const lower = env[name]?.trim()
  return lower !== undefined && lower !== '' ? lower : (env[name.toUpperCase()]?.trim() ?? '')
}

function proxyFor(base: URL, env: NodeJS.ProcessEnv): string {
  const own = variable(env, base.protocol === 'https:' ? 'https_proxy' : 'http_proxy')
  const proxy = own === '' ? variable(env, 'all_proxy') : own
  if (proxy === '' || inNoProxyNetwork(base, variable(env, 'no_proxy'))) return ''
  const url = proxy.includes('://') ? proxy : `http://${proxy}`
  // Checked here, because the URL parser's own error shows the URL, which may hold a password.
  if (!URL.canParse(url)) throw new Error('the proxy in HTTPS_PROXY / HTTP_PROXY is not a URL')
  return url
}

// Clusters list whole networks in NO_PROXY (10.0.0.0/8), which undici does not know.
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

// Node reads the first by itself, but only from its own environment and only at its start. The other
// two are what the programs we replace (and OpenSSL) read.
const CA_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE']

function trustedCertificates(env: NodeJS.ProcessEnv): string[] | undefined {
  const files = new Map<string, string>()
  for (const name of CA_VARIABLES) {
    const file = env[name]?.trim()
    if (file !== undefined && file !== '' && !files.has(file)) files.set(file, name)
  }
  if (files.size === 0) return undefined
  const extra = [...files].map(([file, name]) => readCertificates(name, file))
  return [...getCACertificates('default'), ...extra]
}

function readCertificates(name: string, file: string): string {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error: unknown) {
    throw new Error(`${name}: cannot read the certificates in ${file}`, { cause: error })
  }
  if (!pem.includes('-----BEGIN')) throw new Error(`${name}: no certificate (PEM) in ${file}`)
  return pem
}
