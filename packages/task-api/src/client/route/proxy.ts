import { BlockList, isIP } from 'node:net'

/**
 * The proxy for a server, as the environment names it: HTTPS_PROXY or HTTP_PROXY by the scheme of the server, or else
 * ALL_PROXY, unless NO_PROXY lists the server.
 * @throws Error for a value that is not a URL
 */
export function proxyFor(base: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const name = base.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const own = readProxyVariable(env, name)
  const proxy = own === '' ? readProxyVariable(env, 'ALL_PROXY') : own
  if (proxy === '' || isExempt(base, readProxyVariable(env, 'NO_PROXY'))) return undefined
  const text = proxy.includes('://') ? proxy : `http://${proxy}`
  // Checked here, because the error of the URL parser contains the URL, which may contain a password.
  const url = URL.parse(text)
  if (url === null) throw new Error('the proxy in HTTPS_PROXY / HTTP_PROXY is not a URL')
  if (!/^https?:$/.test(url.protocol)) {
    throw new Error(
      `the proxy in HTTPS_PROXY / HTTP_PROXY must start with http:// or https://, and not with ${url.protocol}//`,
    )
  }
  return url
}

// Lower case takes precedence, as in curl: in CGI programs a request header can set HTTP_PROXY.
function readProxyVariable(env: NodeJS.ProcessEnv, name: string): string {
  const lower = env[name.toLowerCase()]?.trim()
  return lower !== undefined && lower !== '' ? lower : (env[name]?.trim() ?? '')
}

/**
 * Whether NO_PROXY lists the server. Its entries are separated by commas or blanks: `*`, `host`, `.host` or `*.host` (both
 * with all hosts below them), an IP address or a network (`10.0.0.0/8`), each of them optionally with `:port`.
 */
function isExempt(base: URL, noProxy: string): boolean {
  const host = base.hostname.replace(/^\[(.+)\]$/, '$1').toLowerCase()
  const port = base.port === '' ? (base.protocol === 'https:' ? '443' : '80') : base.port
  return noProxy
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const named = splitPort(entry)
      if (named.port !== undefined && named.port !== port) return false
      return named.host === '*' || matchesHost(host, named.host)
    })
}

/** `host:443`, `[::1]:443`. An IPv6 address without brackets has no port. */
function splitPort(entry: string): { host: string; port: string | undefined } {
  const bracketed = /^\[(?<host>[^\]]+)\](?::(?<port>\d+))?$/.exec(entry)?.groups
  if (bracketed !== undefined) return { host: bracketed['host'] ?? '', port: bracketed['port'] }
  const plain = /^(?<host>[^:]+):(?<port>\d+)$/.exec(entry)?.groups
  if (plain !== undefined) return { host: plain['host'] ?? '', port: plain['port'] }
  return { host: entry, port: undefined }
}

function matchesHost(host: string, entry: string): boolean {
  if (isIP(host) !== 0) return matchesAddress(host, entry)
  const name = entry.replace(/^\*?\./, '').replace(/\.$/, '')
  const asked = host.replace(/\.$/, '')
  return name !== '' && (asked === name || asked.endsWith(`.${name}`))
}

function matchesAddress(host: string, entry: string): boolean {
  const version = isIP(host)
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const [network = '', prefix] = entry.split('/')
  if (isIP(network) !== version) return false
  const list = new BlockList()
  if (prefix === undefined) list.addAddress(network, family)
  else {
    const bits = Number(prefix)
    if (!/^\d+$/.test(prefix) || bits > (version === 6 ? 128 : 32)) return false
    list.addSubnet(network, bits, family)
  }
  return list.check(host, family)
}
