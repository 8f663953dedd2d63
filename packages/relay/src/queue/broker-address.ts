/** Where a RabbitMQ broker listens, and the login to its virtual host. */
export interface BrokerAddress {
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
  /** File with the certificates of the authority that signed the broker's, PEM. Undefined: those of Node.js. */
  readonly rootCertificateFile: string | undefined
  readonly vhost: string
  readonly username: string
  readonly password: string
}

/** As in the address of a PostgreSQL. */
const ROOT_CERTIFICATE = 'sslrootcert'

/**
 * Parses `amqp://USER:PASSWORD@HOST:5672/VHOST`, or `amqps:`, which may end in `?sslrootcert=FILE`.
 * @throws TypeError, whose message contains nothing of the text
 */
export function parseBrokerAddress(text: string): BrokerAddress {
  const url = URL.parse(text)
  if (url === null || !/^amqps?:$/.test(url.protocol) || url.hostname === '') {
    throw new TypeError('not a URL of this form')
  }
  const tls = url.protocol === 'amqps:'
  for (const name of url.searchParams.keys()) {
    if (name !== ROOT_CERTIFICATE)
      throw new TypeError(`its parameter ${printable(name)} is unknown`)
  }
  const rootCertificateFile = url.searchParams.get(ROOT_CERTIFICATE) || undefined
  if (rootCertificateFile !== undefined && !tls) {
    throw new TypeError(`${ROOT_CERTIFICATE} requires amqps:`)
  }
  return {
    // URLs write IPv6 addresses in brackets, sockets do not.
    hostname: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: Number(url.port || (tls ? 5671 : 5672)),
    tls,
    rootCertificateFile,
    vhost: decode(url.pathname.slice(1)) || '/',
    username: decode(url.username) || 'guest',
    password: decode(url.password) || (url.username === '' ? 'guest' : ''),
  }
}

/** The name of a parameter, but nothing else that an operator may have put there. */
function printable(name: string): string {
  return /^\w{1,40}$/.test(name) ? name : 'name'
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('a % must be written as %25')
  }
}

/** The address for messages, without the login. */
export function formatBrokerAddress({ hostname, port, vhost }: BrokerAddress): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname
  return vhost === '/' ? `${host}:${port}` : `${host}:${port}, virtual host ${vhost}`
}
