/** A variable of the .NET relay or its framework that has no effect here. */
export interface IneffectiveVariable {
  readonly name: string
  readonly detail: string
  readonly hint: string
}

interface Row {
  readonly pattern: RegExp
  /** Values that change nothing. */
  readonly harmless?: RegExp
  readonly detail: string
  readonly hint: string
}

const ROWS: readonly Row[] = [
  {
    pattern: /^Beacon__Enable$/i,
    harmless: /^false$/i,
    detail: 'this relay has no Beacon',
    hint: 'Keep a .NET relay for Beacon, or remove the Beacon__… variables.',
  },
  {
    pattern: /^Serilog__(?!MinimumLevel(?:__Default)?$)/i,
    detail: 'of the settings of Serilog, only the minimum level is used',
    hint: 'Set LOG_LEVEL and LOG_FORMAT instead.',
  },
  {
    pattern: /^Kestrel__/i,
    detail: 'settings of Kestrel have no effect',
    hint: 'Set RELAY_HOST, RELAY_PORT, RELAY_TLS_CERT_FILE and RELAY_TLS_KEY_FILE instead.',
  },
  {
    pattern: /^(?:ASPNETCORE|DOTNET)_FORWARDEDHEADERS_ENABLED$/i,
    harmless: /^false$/i,
    detail: 'X-Forwarded-For is used from configured addresses only',
    hint: 'Set RELAY_TRUSTED_PROXIES to the addresses of the load balancers.',
  },
  {
    pattern: /^(?:ASPNETCORE|DOTNET)_ENVIRONMENT$/i,
    harmless: /^production$/i,
    detail: 'no settings file is read, so it selects none',
    hint: 'Set each setting as an environment variable: see docs/configuration.md.',
  },
  {
    pattern: /^AllowedHosts$/i,
    harmless: /^\*$/,
    detail: 'the Host header is not checked',
    hint: 'Check it in the load balancer.',
  },
]

/** Variables that a site carries over from the .NET relay and that have no effect, each with what to do instead. */
export function ineffectiveVariables(env: NodeJS.ProcessEnv): readonly IneffectiveVariable[] {
  return Object.entries(env).flatMap(([given, value]) => {
    const name = given.replaceAll(':', '__')
    if (value === undefined || value.trim() === '') return []
    const row = ROWS.find(({ pattern }) => pattern.test(name))
    if (row === undefined || row.harmless?.test(value.trim()) === true) return []
    return [{ name: given, detail: row.detail, hint: row.hint }]
  })
}

/**
 * Adds RELAY_HOST and RELAY_PORT from the first http address of ASPNETCORE_URLS, or the first port of
 * ASPNETCORE_HTTP_PORTS, unless they are set.
 */
export function withHostingVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const read = (name: string): string | undefined =>
    Object.entries(env).find(([given]) => given.toUpperCase() === name)?.[1]
  if (read('RELAY_PORT') !== undefined) return env
  const url = /http:\/\/(\[[\da-f:]+\]|[^/:;\s]+)(?::(\d{1,5}))?/i.exec(
    read('ASPNETCORE_URLS') ?? read('DOTNET_URLS') ?? '',
  )
  const ports = read('ASPNETCORE_HTTP_PORTS') ?? read('DOTNET_HTTP_PORTS')
  const port = url === null ? /\d{1,5}/.exec(ports ?? '')?.[0] : (url[2] ?? '80')
  if (port === undefined) return env
  const host = url?.[1]?.replaceAll(/[[\]]/g, '')
  const isAny = host === undefined || ['+', '*', '0.0.0.0', '::'].includes(host)
  const listen = isAny || read('RELAY_HOST') !== undefined ? {} : { RELAY_HOST: host }
  return { ...env, RELAY_PORT: port, ...listen }
}
