import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, createServer as createTcp, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ClientTls } from '@warren/task-api'
import { selfSignedCertificate } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Checklist } from '../../../src/doctor/checklist.ts'
import { checkNetwork } from '../../../src/doctor/network-checks.ts'
import { checkClock, checkLogin } from '../../../src/doctor/relay-checks.ts'
import type { Step } from '../../../src/doctor/step.ts'

const HOST = 'relay.example.org'
const DAY_MS = 86_400_000

let servers: Server[] = []
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-check-'))
})

afterEach(async () => {
  for (const server of servers) server.close()
  servers = []
  await rm(folder, { recursive: true, force: true })
})

/** Listens on an address of the loopback network, on any port or on the given one. Returns the port. */
async function listen(server: Server, address = '127.0.0.1', port = 0): Promise<number> {
  servers.push(server)
  // A check closes connections as soon as it knows enough.
  server.on('connection', (socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('not listening')
  return bound.port
}

const healthy: RequestListener = (request, response) => {
  if (request.url === '/healthz') response.end('Healthy')
  else
    response
      .writeHead(404, { 'content-type': 'application/json' })
      .end('{"code":"RELAY_NO_SUCH_TASK"}')
}

interface Walk {
  readonly port: number
  readonly scheme?: 'http' | 'https'
  readonly addresses?: readonly string[]
  readonly trusted?: readonly string[]
  readonly proxy?: URL
  readonly host?: string
}

/** The steps of the network, the clock and the login. */
async function walking(options: Walk): Promise<readonly Step[]> {
  const { port, scheme = 'http', addresses = ['127.0.0.1'], trusted = [], host = HOST } = options
  const env: NodeJS.ProcessEnv = {}
  if (trusted.length > 0) {
    const file = join(folder, 'ca.pem')
    await writeFile(file, trusted.join(''))
    env['NODE_EXTRA_CA_CERTS'] = file
  }
  const tls = new ClientTls({ env, files: {}, now: Date.now, onProblem: () => {} })
  const list = new Checklist({ totalMs: 60_000 })
  const base = new URL(`${scheme}://${host}:${port}/link_connector_api`)
  const way = await checkNetwork(list, {
    base,
    proxy: options.proxy,
    tls: tls.contexts,
    userAgent: 'check',
    resolve: async () => addresses,
  })
  await checkClock(list, way)
  const login = { base, username: 'north', password: 'pw', collection: 'c', userAgent: 'check' }
  await checkLogin(list, login, way)
  return list.steps
}

const summary = (steps: readonly Step[]): string[] =>
  steps.map(({ id, status }) => `${id} ${status}`)

const find = (steps: readonly Step[], id: string, address = ''): Step => {
  const step = steps.find((one) => one.id === id && one.title.includes(address))
  if (step === undefined) throw new Error(`no step ${id}`)
  return step
}

describe('a relay behind one address', () => {
  it('passes every step with TLS, and says what the certificate is', async () => {
    const own = selfSignedCertificate(HOST, new Date(Date.now() + 90 * DAY_MS))
    const port = await listen(createHttps(own, healthy))
    const steps = await walking({ port, scheme: 'https', trusted: [own.cert] })
    expect(summary(steps)).toEqual([
      'relay.dns ok',
      'relay.tcp ok',
      'relay.tls ok',
      'relay.http ok',
      'relay.clock ok',
      'relay.login ok',
    ])
    expect(find(steps, 'relay.tls').detail).toMatch(
      /TLSv1.3, names relay.example.org, issuer .*days left/,
    )
  })

  it.each<[string, Server | 'nothing', string]>([
    ['nothing listens', 'nothing', 'relay.tcp'],
    [
      'it closes the connection in the TLS handshake',
      createTcp((socket) => socket.end()),
      'relay.tls',
    ],
    ['it speaks no TLS', createHttp(healthy), 'relay.tls'],
    [
      'its certificate is not trusted',
      createHttps(selfSignedCertificate(HOST), healthy),
      'relay.tls',
    ],
  ])('says so if %s', async (_, server, id) => {
    const port = await listen(server === 'nothing' ? createTcp() : server)
    if (server === 'nothing') {
      await new Promise((resolve) => servers.pop()?.close(resolve))
    }
    const steps = await walking({ port, scheme: 'https' })
    expect(find(steps, id)).toMatchObject({ status: 'failed', advice: [expect.any(String)] })
    expect(steps.filter(({ status }) => status === 'failed')).toHaveLength(1)
    expect(find(steps, 'relay.login').status).toBe('skipped')
  })

  it.each<[string, string, Date, RegExp]>([
    [
      'another name',
      'other.example.org',
      new Date(Date.now() + 90 * DAY_MS),
      /not for relay\.example\.org/,
    ],
    ['a date in the past', HOST, new Date(Date.now() - 3 * DAY_MS), /has expired/],
    [
      'another name and a date in the past',
      'other.example.org',
      new Date(Date.now() - DAY_MS),
      /not for .*expired/,
    ],
  ])('names every problem of a certificate with %s', async (_, name, until, expected) => {
    const own = selfSignedCertificate(name, until)
    const port = await listen(createHttps(own, healthy))
    const steps = await walking({ port, scheme: 'https', trusted: [own.cert] })
    expect(find(steps, 'relay.tls')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(expected),
    })
  })

  it('warns about a certificate that expires soon', async () => {
    const own = selfSignedCertificate(HOST, new Date(Date.now() + 5 * DAY_MS))
    const port = await listen(createHttps(own, healthy))
    const steps = await walking({ port, scheme: 'https', trusted: [own.cert] })
    expect(find(steps, 'relay.tls')).toMatchObject({ status: 'warning' })
    expect(find(steps, 'relay.login').status).toBe('ok')
  })

  it('says that a service that does not speak HTTP listens', async () => {
    const port = await listen(createTcp((socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n')))
    const steps = await walking({ port })
    expect(find(steps, 'relay.http')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('not HTTP'),
    })
  })

  it('says that a name does not exist', async () => {
    const list = new Checklist({ totalMs: 20_000 })
    await checkNetwork(list, {
      base: new URL('https://relay.example.org/'),
      proxy: undefined,
      tls: { server: undefined, proxy: undefined },
      userAgent: 'check',
      resolve: async () => {
        throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
      },
    })
    expect(summary(list.steps)).toEqual([
      'relay.dns failed',
      'relay.tcp skipped',
      'relay.tls skipped',
      'relay.http skipped',
    ])
  })
})

describe('a relay behind two addresses of which one is broken', () => {
  it.each<[string, () => Server, string]>([
    ['closes the TLS handshake', () => createTcp((socket) => socket.end()), 'relay.tls'],
    ['never answers', () => createTcp(() => {}), 'relay.tls'],
    ['has another certificate', () => createHttps(selfSignedCertificate(), healthy), 'relay.tls'],
    ['refuses', () => createTcp(), 'relay.tcp'],
  ])(
    'names the address that %s, and goes on with the other',
    async (what, broken, id) => {
      const own = selfSignedCertificate(HOST, new Date(Date.now() + 90 * DAY_MS))
      const port = await listen(createHttps(own, healthy), '127.0.0.1')
      if (what !== 'refuses') await listen(broken(), '127.0.0.2', port)
      const steps = await walking({
        port,
        scheme: 'https',
        addresses: ['127.0.0.2', '127.0.0.1'],
        trusted: [own.cert],
      })
      expect(find(steps, id, '127.0.0.2').status).toBe('failed')
      expect(find(steps, 'relay.http', '127.0.0.1').status).toBe('ok')
      expect(find(steps, 'relay.http', '127.0.0.2').status).toBe('skipped')
      expect(find(steps, 'relay.login').status).toBe('ok')
    },
    60_000,
  )
})

describe('an answer of 502, 503 or 504', () => {
  it.each<[string, number, Record<string, string>, string, RegExp]>([
    [
      'nginx',
      502,
      { server: 'nginx/1.27' },
      '<html><center>nginx</center></html>',
      /load balancer \(nginx\) answers 502: the relay behind it/,
    ],
    [
      'an AWS balancer',
      504,
      { server: 'awselb/2.0' },
      '<html></html>',
      /\(awselb\) answers 504: .*in time/,
    ],
    ['Envoy', 503, { server: 'envoy' }, 'no healthy upstream', /\(envoy\) answers 503: no relay/],
    [
      'a balancer without a name',
      503,
      {},
      '<html>503 Service Unavailable</html>',
      /load balancer answers 503/,
    ],
    ['a .NET relay', 503, { server: 'Kestrel' }, 'Unhealthy', /the relay answers 503/],
    ['a Warren relay', 503, {}, 'Unhealthy', /the relay answers 503/],
    ['a stranger', 503, {}, '', /without a sign/],
  ])('of %s says which side is at fault', async (_, status, headers, body, expected) => {
    const port = await listen(
      createHttp((_request, response) => void response.writeHead(status, headers).end(body)),
    )
    const steps = await walking({ port })
    expect(find(steps, 'relay.http')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(expected),
    })
  })
})

describe('a proxy that compresses every response', () => {
  it('hides neither the side at fault nor the result of the login', async () => {
    const compressed =
      (status: number, body: string): RequestListener =>
      (_request, response) =>
        void response.writeHead(status, { 'content-encoding': 'gzip' }).end(gzipSync(body))
    const fault = await listen(createHttp(compressed(503, 'no healthy upstream')))
    expect(find(await walking({ port: fault }), 'relay.http').detail).toMatch(
      /load balancer answers 503/,
    )
    const asked: (string | undefined)[] = []
    const port = await listen(
      createHttp((request, response) => {
        asked.push(request.headers.authorization)
        if (request.url === '/healthz') response.end('Healthy')
        else compressed(404, '{"code":"RELAY_NO_SUCH_TASK"}')(request, response)
      }),
    )
    expect(find(await walking({ port }), 'relay.login').status).toBe('ok')
    expect(asked).toHaveLength(2)
  })
})

describe('an nginx that verifies client certificates', () => {
  it.each([
    ['No required SSL certificate was sent', /requires a client certificate/],
    ['The SSL certificate error', /does not accept the client certificate/],
  ])('is understood by its page "%s"', async (title, expected) => {
    const page = `<html><head><title>400 ${title}</title></head></html>`
    const port = await listen(
      createHttp((_request, response) => void response.writeHead(400).end(page)),
    )
    const steps = await walking({ port })
    expect(find(steps, 'relay.http')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(expected),
      advice: [expect.stringContaining('TASK_API_CLIENT_CERT_FILE')],
    })
  })
})

describe('the login', () => {
  it.each<[string, number, Record<string, string>, string, Step['status'], RegExp]>([
    ['wrong credentials', 401, {}, '', 'failed', /rejects .*401/],
    ['a denied node', 403, {}, '', 'failed', /denied/],
    ['too many attempts', 429, {}, '', 'failed', /too many/],
    ['another service', 200, {}, '<html>Welcome</html>', 'failed', /web page/],
    [
      'a redirect',
      302,
      { location: '/swagger/index.html' },
      '',
      'failed',
      /redirects to \/swagger/,
    ],
    ['a path that nobody serves', 404, {}, 'nothing here', 'failed', /no Task API/],
    ['a defect of the relay', 500, {}, '', 'failed', /500/],
    ['a load balancer without a relay', 502, { server: 'nginx' }, '', 'failed', /nginx.* 502/],
    ['a result that is stored', 200, {}, 'Job saved', 'ok', /accepted/],
  ])('distinguishes %s', async (_, status, headers, body, expectedStatus, detail) => {
    const port = await listen(
      createHttp((request, response) => {
        if (request.url === '/healthz') response.end('Healthy')
        else response.writeHead(status, headers).end(body)
      }),
    )
    const steps = await walking({ port })
    expect(find(steps, 'relay.login')).toMatchObject({
      status: expectedStatus,
      detail: expect.stringMatching(detail),
    })
  })

  it('is accepted by a relay that answers 404 with credentials and 401 without', async () => {
    const seen: string[] = []
    const port = await listen(
      createHttp((request, response) => {
        seen.push(`${request.method} ${request.url}`)
        const knows = request.headers.authorization !== undefined
        response.writeHead(request.url === '/healthz' ? 200 : knows ? 404 : 401).end()
      }),
    )
    const steps = await walking({ port })
    expect(find(steps, 'relay.login')).toMatchObject({ status: 'ok', detail: 'accepted' })
    // A poll would take a task away.
    expect(seen.filter((line) => line.includes('nextjob'))).toEqual([])
  })
})

describe('the clock', () => {
  it.each([
    [0, 'ok', /no difference/],
    [-3_600_000, 'warning', /ahead of/],
    [3_600_000, 'warning', /behind/],
  ])('of a relay with a difference of %i ms', async (ms, status, detail) => {
    const port = await listen(
      createHttp((request, response) => {
        response.setHeader('date', new Date(Date.now() + ms).toUTCString())
        healthy(request, response)
      }),
    )
    expect(find(await walking({ port }), 'relay.clock')).toMatchObject({
      status,
      detail: expect.stringMatching(detail),
    })
  })
})

describe('a proxy', () => {
  const proxyTo = (port: number, status: number): Server =>
    createHttp().on('connect', (_request, client) => {
      if (status !== 200) {
        client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      const server = connect(port, '127.0.0.1')
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      server.pipe(client).pipe(server)
      server.on('error', () => client.destroy())
      client.on('error', () => server.destroy())
    })

  it('is named, and everything behind it is checked', async () => {
    const own = selfSignedCertificate(HOST, new Date(Date.now() + 90 * DAY_MS))
    const port = await listen(createHttps(own, healthy))
    const proxyPort = await listen(proxyTo(port, 200))
    const steps = await walking({
      port,
      scheme: 'https',
      trusted: [own.cert],
      proxy: new URL(`http://127.0.0.1:${proxyPort}`),
    })
    expect(summary(steps)).toEqual([
      'relay.proxy ok',
      'relay.tls ok',
      'relay.http ok',
      'relay.clock ok',
      'relay.login ok',
    ])
  })

  it.each([
    [407, /login is required/],
    [403, /not allowed/],
    [502, /answers 502/],
  ])('that answers %i is at fault, and not the relay', async (status, detail) => {
    const proxyPort = await listen(proxyTo(1, status))
    const proxy = new URL(`http://127.0.0.1:${proxyPort}`)
    const steps = await walking({ port: 443, scheme: 'https', proxy })
    expect(find(steps, 'relay.proxy')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(detail),
    })
    expect(find(steps, 'relay.tls').status).toBe('skipped')
  })
})
