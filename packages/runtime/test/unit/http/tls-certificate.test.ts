import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { selfSignedCertificate } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import {
  createHttpServer,
  hasValidClientCertificate,
  TlsCertificate,
  TlsFileError,
  type TlsFiles,
} from '../../../src/http.ts'

describe('the certificate of a server', () => {
  let resources: AsyncDisposableStack
  let files: TlsFiles
  let folder: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = await mkdtemp(join(tmpdir(), 'warren-tls-'))
    resources.defer(() => rm(folder, { recursive: true }))
    files = {
      certificate: { variable: 'CERT_FILE', path: join(folder, 'cert.pem') },
      key: { variable: 'KEY_FILE', path: join(folder, 'key.pem') },
      clientAuthorities: undefined,
    }
    await write(selfSignedCertificate())
  })
  afterEach(() => resources.disposeAsync())

  const write = async ({ cert, key }: { cert: string; key: string }) => {
    await writeFile(files.certificate.path, cert)
    await writeFile(files.key.path, key)
  }
  const start = async (certificate: TlsCertificate, maxConnections = 100): Promise<string> => {
    const server: Server = createHttpServer(
      ({ socket }, response) => response.end(String(hasValidClientCertificate(socket))),
      {
        maxConnections,
        keepAliveMs: 5_000,
        requestMs: 5_000,
        certificate,
        timing: {
          headersMs: 500,
          checkMs: 50,
          pace: { pauseMs: 5_000, bytesPerSecond: 65_536 },
        },
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    resources.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }
  /** The fingerprint of the server's certificate, and the body of its response. */
  const get = (url: string, options: { cert?: string; key?: string } = {}) =>
    new Promise<{ fingerprint: string; text: string }>((resolve, reject) => {
      request(url, { rejectUnauthorized: false, agent: false, ...options }, (response) => {
        const socket = response.socket as TLSSocket
        const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? ''
        response.once('data', (data: Buffer) => resolve({ fingerprint, text: data.toString() }))
      })
        .on('error', reject)
        .end()
    })

  it('is replaced when its files change, and kept while they cannot be used', async () => {
    const certificate = resources.use(await TlsCertificate.read(files))
    const url = await start(certificate)
    const before = await get(url)
    const events: string[] = []
    certificate.watch(20, {
      onReload: () => events.push('replaced'),
      onFailure: (error) => events.push(error.message),
    })

    const next = selfSignedCertificate()
    await writeFile(files.certificate.path, next.cert)
    await expect
      .poll(() => events)
      .toEqual([`KEY_FILE: ${files.key.path} does not belong to CERT_FILE`])
    await delay(200)
    expect((await get(url)).fingerprint).toBe(before.fingerprint)
    expect(events).toHaveLength(1)

    await writeFile(files.key.path, next.key)
    await expect.poll(() => events.at(-1)).toBe('replaced')
    expect((await get(url)).fingerprint).not.toBe(before.fingerprint)

    await rm(files.key.path)
    await expect
      .poll(() => events.at(-1))
      .toBe(`KEY_FILE: ${files.key.path} cannot be read (ENOENT)`)
    await delay(200)
    expect(events).toHaveLength(3)
    expect((await get(url)).text).toBe('false')
  })

  it.each<[string, (files: TlsFiles) => Promise<unknown>, RegExp]>([
    [
      'is missing',
      ({ certificate }) => rm(certificate.path),
      /^CERT_FILE: \S+ cannot be read \(ENOENT\)$/,
    ],
    [
      'is not a certificate',
      ({ certificate }) => writeFile(certificate.path, 'text'),
      /^CERT_FILE: \S+ is not a certificate in PEM format$/,
    ],
    ['is not a key', ({ key }) => writeFile(key.path, ''), /^KEY_FILE: \S+ is not a private key/],
    [
      'is the key of another certificate',
      ({ key }) => writeFile(key.path, selfSignedCertificate().key),
      /^KEY_FILE: \S+ does not belong to CERT_FILE$/,
    ],
  ])('is rejected by the name of the file that %s', async (_, spoil, expected) => {
    await spoil(files)
    const reading = TlsCertificate.read(files)
    await expect(reading).rejects.toBeInstanceOf(TlsFileError)
    await expect(reading).rejects.toThrow(expected)
  })

  it('distinguishes clients with a certificate of a known authority', async () => {
    const known = selfSignedCertificate()
    const path = join(folder, 'authorities.pem')
    await writeFile(path, selfSignedCertificate().cert + known.cert)
    const clientAuthorities = { variable: 'CA_FILE', path }
    const certificate = resources.use(await TlsCertificate.read({ ...files, clientAuthorities }))
    const url = await start(certificate)
    expect((await get(url, known)).text).toBe('true')
    expect((await get(url, selfSignedCertificate())).text).toBe('false')
    expect((await get(url)).text).toBe('false')
    await writeFile(path, 'no certificate')
    await expect(TlsCertificate.read({ ...files, clientAuthorities })).rejects.toThrow(
      /^CA_FILE: \S+ contains no certificate in PEM format$/,
    )
  })

  it('does not change the limits: silent connections are closed, the oldest ones for new ones', async () => {
    const url = await start(resources.use(await TlsCertificate.read(files)), 4)
    const silent = Array.from({ length: 6 }, () => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
      resources.defer(() => void socket.destroy())
      return socket.on('error', () => {})
    })
    expect((await get(url)).text).toBe('false')
    await expect.poll(() => silent.filter(({ destroyed }) => destroyed).length).toBe(6)
  })
})
