import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSignedCertificate } from '@warren/testkit'
import { clientTlsFiles, TaskApiClient, type ClientTlsPaths } from '@warren/task-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareRequest, pythonHeaders } from '../harness/bare-client.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

describe('a relay with a certificate', () => {
  let resources: AsyncDisposableStack
  let env: Record<string, string>
  let server: ClientCertificate
  let folder: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = await mkdtemp(join(tmpdir(), 'warren-relay-tls-'))
    resources.defer(() => rm(folder, { recursive: true }))
    server = selfSignedCertificate()
    env = {
      RELAY_STORE: resources.use(await openSqlite()).url,
      RELAY_TLS_CERT_FILE: join(folder, 'cert.pem'),
      RELAY_TLS_KEY_FILE: join(folder, 'key.pem'),
    }
    await writeFile(join(folder, 'cert.pem'), server.cert)
    await writeFile(join(folder, 'key.pem'), server.key)
  })
  afterEach(() => resources.disposeAsync())

  const get = (url: string, headers = {}, client?: ClientCertificate) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      request(url, { ca: server.cert, agent: false, headers, ...client }, (response) => {
        let text = ''
        response.on('data', (data: Buffer) => (text += data.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
        .on('error', reject)
        .end()
    })

  it('serves https only', async () => {
    const relay = resources.use(await startTestRelay(env))
    expect(relay.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect((await get(`${relay.url}/livez`)).status).toBe(200)
    const plain = bareRequest(relay.url.replace('https', 'http'))
    await expect(plain).rejects.toThrow()
    expect((await get(`${relay.url}/metrics`)).text).toMatch(
      /warren_relay_certificate_expiry_seconds \d{10}/,
    )
  })

  it('requires client certificates from nodes, and not from health probes, if authorities are given', async () => {
    const client = selfSignedCertificate()
    env['RELAY_TLS_CLIENT_CA_FILE'] = join(folder, 'clients.pem')
    await writeFile(join(folder, 'clients.pem'), client.cert)
    const relay = resources.use(await startTestRelay(env))
    const user = await relay.users.add('site-a')
    const poll = `${relay.url}/link_connector_api/task/nextjob/${user.collectionId}`
    const headers = pythonHeaders('site-a', user.password)
    for (const path of ['/livez', '/readyz', '/healthz']) {
      expect((await get(`${relay.url}${path}`)).status).toBe(200)
    }
    // Twice: the second login is cached.
    for (let polls = 0; polls < 2; polls++) {
      expect((await get(poll, headers, client)).status).toBe(204)
      expect((await get(poll, headers)).status).toBe(403)
      const other = await get(poll, headers, selfSignedCertificate())
      expect(other.status).toBe(403)
      expect(other.text).toContain('RELAY_CERTIFICATE_REQUIRED')
    }
    expect((await get(poll, pythonHeaders('site-a', 'wrong'), client)).status).toBe(401)
  })

  it('accepts a bunny that sends its client certificate, and gives one without it the reason', async () => {
    const own = selfSignedCertificate()
    env['RELAY_TLS_CLIENT_CA_FILE'] = join(folder, 'clients.pem')
    await writeFile(join(folder, 'clients.pem'), own.cert)
    await writeFile(join(folder, 'own-key.pem'), own.key)
    const relay = resources.use(await startTestRelay(env))
    const user = await relay.users.add('site-a')
    const open = (paths: ClientTlsPaths) =>
      resources.use(
        new TaskApiClient({
          baseUrl: relay.url,
          username: 'site-a',
          password: user.password,
          collection: user.collectionId,
          userAgent: 'test',
          env: {},
          tls: clientTlsFiles('TASK_API_', { CA_FILE: join(folder, 'cert.pem'), ...paths }),
        }),
      )
    const certificate = {
      CLIENT_CERT_FILE: join(folder, 'clients.pem'),
      CLIENT_KEY_FILE: join(folder, 'own-key.pem'),
    }
    expect(await open(certificate).nextTask()).toBeNull()
    await expect(open({}).nextTask()).rejects.toMatchObject({
      kind: 'authentication',
      status: 403,
      message: expect.stringContaining('certificate') as unknown,
    })
  })

  it('does not start with a file that cannot be used, and names it', async () => {
    await writeFile(join(folder, 'key.pem'), selfSignedCertificate().key)
    await expect(startTestRelay(env)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/^RELAY_TLS_KEY_FILE: .*key\.pem does not belong/) as unknown,
    })
    await rm(join(folder, 'cert.pem'))
    await expect(startTestRelay(env)).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(
        /^RELAY_TLS_CERT_FILE: .*cannot be read \(ENOENT\)/,
      ) as unknown,
    })
    const { RELAY_TLS_CERT_FILE: _, ...keyOnly } = env
    await expect(startTestRelay(keyOnly)).rejects.toThrow(
      /RELAY_TLS_CERT_FILE: not set, but required/,
    )
  })
})
