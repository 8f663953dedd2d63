export type StoreTarget =
  | { readonly technology: 'sqlite'; readonly file: string }
  | { readonly technology: 'postgresql'; readonly url: string }

export const STORE_EXAMPLES =
  'sqlite:FILE, postgres://USER:PASSWORD@HOST:5432/DATABASE or Host=…;Port=…;Database=…;Username=…;Password=…'

/** Parses RELAY_STORE; undefined if the text has none of the three forms. */
export function parseStoreTarget(text: string): StoreTarget | undefined {
  const sqlite = /^sqlite:(?:\/\/(?=\/))?(.+)$/i.exec(text)?.[1]
  if (sqlite !== undefined) return { technology: 'sqlite', file: sqlite }
  if (/^postgres(?:ql)?:\/\//i.test(text)) {
    return URL.canParse(text) ? { technology: 'postgresql', url: text } : undefined
  }
  const pairs = keywordPairs(text)
  return pairs === undefined ? undefined : fromKeywords(pairs)
}

/** The passwords in RELAY_STORE, encoded and decoded, to be masked in logs. */
export function storeSecrets(text: string): string[] {
  const target = parseStoreTarget(text)
  if (target?.technology !== 'postgresql') return []
  const { password } = new URL(target.url)
  return password === '' ? [] : [password, decodeURIComponent(password)]
}

// An ADO.NET connection string, as existing deployments have it: `Key=value;Key="va;lue"`.
const PAIR = /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*?))\s*(?:;|$)/y

function keywordPairs(text: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>()
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.length) {
    if (text.slice(PAIR.lastIndex).replaceAll(/[;\s]/g, '') === '') break
    const match = PAIR.exec(text)
    if (match === null) return undefined
    const [, key = '', double, single, plain = ''] = match
    const value = double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? plain
    pairs.set(key.toLowerCase().replaceAll(/\s/g, ''), value)
  }
  return pairs.size === 0 ? undefined : pairs
}

// Npgsql's SSL modes. pg gives the same words their libpq meaning only with uselibpqcompat.
const SSL_PARAMETERS: Readonly<Record<string, string>> = {
  disable: '',
  allow: '',
  prefer: '',
  require: '?sslmode=require&uselibpqcompat=true',
  verifyca: '?sslmode=verify-ca&uselibpqcompat=true',
  verifyfull: '?sslmode=verify-full',
}

function fromKeywords(pairs: ReadonlyMap<string, string>): StoreTarget | undefined {
  const get = (...names: string[]): string | undefined =>
    names.map((name) => pairs.get(name)).find((value) => value !== undefined && value !== '')
  const host = get('host', 'server', 'datasource')
  const username = get('username', 'userid', 'user', 'uid')
  if (host === undefined || username === undefined) return undefined
  const password = get('password', 'pwd')
  const mode = (get('sslmode') ?? 'prefer').toLowerCase().replaceAll('-', '')
  const ssl = SSL_PARAMETERS[mode]
  const port = get('port') ?? '5432'
  if (ssl === undefined || !/^\d{1,5}$/.test(port)) return undefined
  const user = encodeURIComponent(username)
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`
  const database = encodeURIComponent(get('database', 'db') ?? username)
  const url = `postgres://${login}@${host}:${port}/${database}${ssl}`
  return URL.canParse(url) ? { technology: 'postgresql', url } : undefined
}
