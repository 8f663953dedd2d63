import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeAddressReport } from '../../src/index.ts'
import { clientFor, closedPort, errorOf, httpServer } from './loopback-server.ts'
import { selfSignedCertificate } from '@warren/testkit'

function file(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-ca-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'ca.pem')
  writeFileSync(path, content)
  return path
}

async function taskApi(tls?: { key: string; cert: string }) {
  let requests = 0
  const { host } = await httpServer((_, response) => {
    requests++
    response.writeHead(204).end()
  }, tls)
  return { host, requests: () => requests }
}

/** A forward proxy: absolute-form requests for http, CONNECT tunnels for https. */
async function forwardProxy(tls?: { key: string; cert: string }) {
  const used: string[] = []
  const { host, server } = await httpServer((request, response) => {
    used.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    response.writeHead(204).end()
  }, tls)
  server.on('connect', (request, socket) => {
    used.push(`CONNECT ${request.url}`)
    const [hostname = '', port] = (request.url ?? '').split(':')
    const target = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    socket.on('error', () => target.destroy()).on('close', () => target.destroy())
    target.on('error', () => socket.destroy())
  })
  return { host, used }
}

describe('TLS', () => {
  it('fails with an untrusted certificate, and names the cause', async () => {
    const { host, requests } = await taskApi(selfSignedCertificate())
    const error = await errorOf(clientFor(`https://${host}`).nextTask())
    expect(error).toMatchObject({
      kind: 'transport',
      code: 'TLS_DEPTH_ZERO_SELF_SIGNED_CERT',
      retryable: true,
    })
    expect(error.message).toContain(host)
    expect(requests()).toBe(0)
  })

  it.each(['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'])(
    'trusts the certificates in the file of %s',
    async (name) => {
      const tls = selfSignedCertificate()
      const { host } = await taskApi(tls)
      const client = clientFor(`https://${host}`, { env: { [name]: file(tls.cert) } })
      expect(await client.nextTask()).toBeNull()
    },
  )

  it.each(['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_DIR'])(
    'trusts the certificates in the folder of %s',
    async (name) => {
      const tls = selfSignedCertificate()
      const { host } = await taskApi(tls)
      const folder = dirname(file(tls.cert))
      // A folder of OpenSSL also contains other files, and links to files of other folders.
      writeFileSync(join(folder, 'README'), 'no certificate')
      mkdirSync(join(folder, 'more'))
      symlinkSync('/no/such/file', join(folder, '9d66eef0.0'))
      const client = clientFor(`https://${host}`, { env: { [name]: folder } })
      expect(await client.nextTask()).toBeNull()
    },
  )

  it('reads every folder of SSL_CERT_DIR, and ignores one that does not exist', async () => {
    const [one, two] = [selfSignedCertificate(), selfSignedCertificate()]
    const folders = [dirname(file(one.cert)), '/no/such/folder', dirname(file(two.cert))]
    const env = { SSL_CERT_DIR: folders.join(delimiter) }
    for (const tls of [one, two]) {
      const { host } = await taskApi(tls)
      expect(await clientFor(`https://${host}`, { env }).nextTask()).toBeNull()
    }
  })

  it('reads CURL_CA_BUNDLE only without REQUESTS_CA_BUNDLE, as the Python bunny does', async () => {
    const [one, two] = [selfSignedCertificate(), selfSignedCertificate()]
    const { host } = await taskApi(two)
    const env = { REQUESTS_CA_BUNDLE: file(one.cert), CURL_CA_BUNDLE: file(two.cert) }
    expect(await errorOf(clientFor(`https://${host}`, { env }).nextTask())).toMatchObject({
      code: 'TLS_DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    const blank = { ...env, REQUESTS_CA_BUNDLE: '' }
    expect(await clientFor(`https://${host}`, { env: blank }).nextTask()).toBeNull()
  })

  it('trusts the certificates of all variables together', async () => {
    const [one, two] = [selfSignedCertificate(), selfSignedCertificate()]
    const env = { SSL_CERT_FILE: file(one.cert), REQUESTS_CA_BUNDLE: file(two.cert) }
    for (const tls of [one, two]) {
      const { host } = await taskApi(tls)
      expect(await clientFor(`https://${host}`, { env }).nextTask()).toBeNull()
    }
  })

  it('rejects a trusted certificate of another host', async () => {
    const tls = selfSignedCertificate('elsewhere.example')
    const { host } = await taskApi(tls)
    const client = clientFor(`https://${host}`, { env: { SSL_CERT_FILE: file(tls.cert) } })
    expect(await errorOf(client.nextTask())).toMatchObject({ code: 'TLS_CERT_ALTNAME_INVALID' })
  })

  it('fails on a port without TLS, and names the cause', async () => {
    const { host } = await taskApi()
    const error = await errorOf(clientFor(`https://${host}`).nextTask())
    expect(error.kind).toBe('transport')
    expect(error.code).toMatch(/^TLS_/)
  })

  it.each([
    ['/no/such/file', 'cannot read'],
    ['', 'no certificate'],
  ])('rejects an invalid CA file (%s)', (path, problem) => {
    const SSL_CERT_FILE = path === '' ? file('not a certificate') : path
    expect(() => clientFor('https://x', { env: { SSL_CERT_FILE } })).toThrow(
      new RegExp(`^SSL_CERT_FILE: ${problem}`),
    )
  })
})

describe('client certificate', () => {
  /** A server that accepts connections with this client certificate only. */
  async function strictServer(authority: string) {
    const tls = selfSignedCertificate()
    const server = createTlsServer(
      { ...tls, ca: authority, requestCert: true, rejectUnauthorized: true },
      (_, response) => response.writeHead(204).end(),
    )
    onTestFinished(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return { url: `https://127.0.0.1:${port}`, server, cert: tls.cert }
  }

  const named = (name: string, content: string) => ({ name, path: file(content) })

  it('is sent to a server that requires it', async () => {
    const client = selfSignedCertificate()
    const { url, cert } = await strictServer(client.cert)
    const authorities = named('TASK_API_CA_FILE', cert)
    const without = clientFor(url, { tls: { authorities } })
    // Some servers send the reason (TLS_…_CERTIFICATE_REQUIRED) before they close the connection.
    expect((await errorOf(without.nextTask())).code).toMatch(
      /^(?:ECONNRESET|TLS_.*CERTIFICATE_REQUIRED)$/,
    )
    const tls = {
      authorities,
      certificate: named('CERT', client.cert),
      key: named('KEY', client.key),
    }
    expect(await clientFor(url, { tls }).nextTask()).toBeNull()
  })

  it('is read again after its files have changed, and a change that does not fit is reported', async () => {
    const [old, current] = [selfSignedCertificate(), selfSignedCertificate()]
    const { url, server, cert } = await strictServer(old.cert)
    const tls = {
      authorities: named('CA', cert),
      certificate: named('CERT', old.cert),
      key: named('KEY', old.key),
    }
    let now = Date.now()
    const problems: string[] = []
    const client = clientFor(url, {
      tls,
      now: () => now,
      onCertificateProblem: ({ message }) => problems.push(message),
    })
    expect(await client.nextTask()).toBeNull()
    writeFileSync(tls.certificate.path, current.cert)
    for (let poll = 0; poll < 3; poll++) {
      now += 31_000
      expect(await client.nextTask()).toBeNull()
    }
    expect(problems).toEqual([expect.stringMatching(/^KEY: .*ca\.pem does not belong to CERT$/)])
    writeFileSync(tls.key.path, current.key)
    server.setSecureContext({ ...selfSignedCertificate(), ca: current.cert })
    server.closeAllConnections()
    now += 31_000
    // The certificate of the server changed too, so the client must have read its own before it could tell.
    expect((await errorOf(client.nextTask())).code).toBe('TLS_DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(problems).toHaveLength(1)
  })

  it.each([
    [{ certificate: 'nonsense' }, /^CERT: .* is not a certificate in PEM format$/],
    [{ key: 'nonsense' }, /^KEY: .* is not a private key in PEM format without a passphrase$/],
    [{ key: selfSignedCertificate().key }, /^KEY: .* does not belong to CERT$/],
  ])('that cannot be used is named: %#', (wrong, message) => {
    const own = selfSignedCertificate()
    const { certificate, key } = { certificate: own.cert, key: own.key, ...wrong }
    const tls = { certificate: named('CERT', certificate), key: named('KEY', key) }
    expect(() => clientFor('https://x', { tls })).toThrow(message)
  })
})

const withCredentials = (proxy: string) => ({ HTTP_PROXY: `http://me:sesame@${proxy}` })

describe('proxy', () => {
  it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('from %s is used for http', async (name) => {
    const { host: target, requests } = await taskApi()
    const { host, used } = await forwardProxy()
    const client = clientFor(`http://${target}`, { env: { [name]: `http://${host}` } })
    expect(await client.nextTask({ type: 'a' })).toBeNull()
    expect(used).toEqual([`GET http://${target}/link_connector_api/task/nextjob/RQ-CC-1234.a `])
    expect(requests()).toBe(0)
  })

  it('is used for https through one reused tunnel, encrypted end to end', async () => {
    const tls = selfSignedCertificate()
    const { host: target, requests } = await taskApi(tls)
    const { host, used } = await forwardProxy()
    const env = { HTTPS_PROXY: host, REQUESTS_CA_BUNDLE: file(tls.cert) }
    const client = clientFor(`https://${target}`, { env })
    await client.nextTask()
    // The minimum time between two polls.
    await setTimeout(20)
    await client.nextTask()
    expect(used).toEqual([`CONNECT ${target}`])
    expect(requests()).toBe(2)
  })

  it('preserves the server name in the TLS handshake', async () => {
    const tls = selfSignedCertificate('localhost')
    const { host: target, server } = await httpServer((_, response) => {
      response.writeHead(204).end()
    }, tls)
    const names: unknown[] = []
    server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername))
    const { host } = await forwardProxy()
    const env = { HTTPS_PROXY: `http://${host}`, SSL_CERT_FILE: file(tls.cert) }
    const name = target.replace('127.0.0.1', 'localhost')
    expect(await clientFor(`https://${name}`, { env }).nextTask()).toBeNull()
    expect(names).toEqual(['localhost'])
  })

  it.each(['127.0.0.1', '10.0.0.1, 127.0.0.0/8', '*'])(
    'is not used with NO_PROXY=%s',
    async (no) => {
      const { host: target, requests } = await taskApi()
      const { host, used } = await forwardProxy()
      const env = { HTTP_PROXY: `http://${host}`, NO_PROXY: no }
      expect(await clientFor(`http://${target}`, { env }).nextTask()).toBeNull()
      expect(used).toEqual([])
      expect(requests()).toBe(1)
    },
  )

  it.each(['127.0.0.2', '10.0.0.0/8', '127.0.0.1/99', 'example.com'])(
    'is used despite NO_PROXY=%s',
    async (no) => {
      const { host: target } = await taskApi()
      const { host, used } = await forwardProxy()
      const env = { HTTP_PROXY: `http://${host}`, NO_PROXY: no }
      await clientFor(`http://${target}`, { env }).nextTask()
      expect(used).toHaveLength(1)
    },
  )

  it.each([
    ['relay.test', true],
    ['.test', true],
    ['*.test', true],
    ['RELAY.TEST.', true],
    ['a, relay.test:443 b', true],
    ['relay.test:8443', false],
    ['elay.test', false],
    ['other.test, .example', false],
    ['127.0.0.0/8', false],
  ])('for a host name, with NO_PROXY=%s', async (no, exempt) => {
    const { host, used } = await forwardProxy()
    const client = clientFor('https://relay.test', {
      env: { HTTPS_PROXY: `http://${host}`, no_proxy: no },
      resolve: (name) =>
        name === 'relay.test'
          ? Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
          : Promise.resolve([name]),
    })
    await errorOf(client.nextTask())
    expect(used.length > 0).toBe(!exempt)
  })

  it('may choose a broken address: a second attempt is made, and reported', async () => {
    const tls = selfSignedCertificate('localhost')
    const { host: target } = await httpServer((_, response) => response.writeHead(204).end(), tls)
    const { host, server } = await httpServer(() => {})
    let tunnels = 0
    server.on('connect', (_, socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      if (tunnels++ === 0) {
        socket.once('data', () => socket.end())
        return
      }
      const through = connect(Number(target.split(':')[1]), '127.0.0.1')
      through.on('error', () => socket.destroy()).on('close', () => socket.destroy())
      socket.on('close', () => through.destroy())
      through.pipe(socket).pipe(through)
    })
    const reports: string[] = []
    const client = clientFor(`https://${target.replace('127.0.0.1', 'localhost')}`, {
      env: { HTTPS_PROXY: `http://${host}`, SSL_CERT_FILE: file(tls.cert) },
      onAddress: (report) => {
        if ('failure' in report) reports.push(describeAddressReport(report))
      },
    })
    expect(await client.nextTask()).toBeNull()
    expect(reports).toEqual([
      expect.stringMatching(
        /^localhost: an address that the proxy 127\.0\.0\.1:\d+ chose closed the TLS handshake once at \d\d:\d\d UTC; a second attempt works$/,
      ),
    ])
  })

  it('that is reached by TLS is used too', async () => {
    const tls = selfSignedCertificate()
    const { host: target, requests } = await taskApi(tls)
    const { host } = await forwardProxy(tls)
    const env = { HTTPS_PROXY: `https://${host}`, SSL_CERT_FILE: file(tls.cert) }
    expect(await clientFor(`https://${target}`, { env }).nextTask()).toBeNull()
    expect(requests()).toBe(1)
  })

  it('must be an http proxy', () => {
    const env = { HTTPS_PROXY: 'socks5://me:sesame@127.0.0.1:1080' }
    expect(() => clientFor('https://x', { env })).toThrow(
      /must start with http:\/\/ or https:\/\/, and not with socks5:\/\/$/,
    )
  })

  it('receives its own credentials, which no error contains', async () => {
    const { host } = await httpServer((_, response) => response.writeHead(407).end())
    const proxy = await forwardProxy()
    await clientFor('http://task.example', { env: withCredentials(proxy.host) }).nextTask()
    expect(proxy.used[0]).toContain(Buffer.from('me:sesame').toString('base64'))
    const error = await errorOf(
      clientFor('http://task.example', { env: withCredentials(host) }).nextTask(),
    )
    expect(error).toMatchObject({ kind: 'transport', code: 'PROXY_407' })
    expect(inspect(error, { depth: 8, showHidden: true })).not.toMatch(/sesame|bWU6c2VzYW1l/)
    expect(() => clientFor('http://x', { env: { HTTP_PROXY: 'http://me:sesame@:x' } })).toThrow(
      /^the proxy in HTTPS_PROXY \/ HTTP_PROXY is not a URL$/,
    )
  })

  it('is named in the error if it rejects the tunnel or the connection', async () => {
    const { host, server } = await httpServer(() => {})
    server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    const refusing = clientFor('https://task.example', { env: { HTTPS_PROXY: `http://${host}` } })
    expect(await errorOf(refusing.nextTask())).toMatchObject({ code: 'PROXY_403' })
    const closed = await closedPort()
    const absent = clientFor('https://task.example', { env: { HTTPS_PROXY: `http://${closed}` } })
    const error = await errorOf(absent.nextTask())
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(error.message).toContain(`through the proxy ${closed}`)
  })
})
