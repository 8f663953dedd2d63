import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type AddressReport,
  countResult,
  describeAddressReport,
  describeResolutionReport,
  type ResolutionReport,
  type TaskApiClientOptions,
} from '../../src/index.ts'
import { until } from '@warren/testkit'
import { clientFor, errorOf } from './loopback-server.ts'
import { HOST, type Listener, ServerAtAddresses } from './server-at-addresses.ts'

const A = '127.0.0.1'
const B = '127.0.0.2'
const RESULT = countResult({ uuid: 'u', collection: 'c' }, 44)

/** A clock that runs with the time, and can be moved forward. */
class TestClock {
  #ahead = 0
  now = (): number => Date.now() + this.#ahead
  advance(ms: number): void {
    this.#ahead += ms
  }
}

function clientOf(server: ServerAtAddresses, options: Partial<TaskApiClientOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'warren-addresses-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'ca.pem')
  writeFileSync(path, server.trusted)
  const reports: AddressReport[] = []
  const resolutions: ResolutionReport[] = []
  const clock = new TestClock()
  const client = clientFor(server.url, {
    env: { SSL_CERT_FILE: path },
    resolve: () => Promise.resolve([A, B]),
    now: clock.now,
    connectTimeoutMs: 500,
    requestTimeoutMs: 10_000,
    onAddress: (report) => {
      if ('addresses' in report) resolutions.push(report)
      else reports.push(report)
    },
    ...options,
  })
  return { client, reports, resolutions, clock }
}

const BROKEN: readonly (readonly [Listener, AddressReport['failure'], string])[] = [
  ['refuses', 'refused', 'refused the connection'],
  ['accepts and stays silent', 'connect-timeout', 'did not complete the connection'],
  ['resets', 'tls-closed', 'closed the TLS handshake'],
  ['closes the TLS handshake', 'tls-closed', 'closed the TLS handshake'],
  ['has an expired certificate', 'tls-certificate', 'is not accepted (CERT_HAS_EXPIRED)'],
  ['has the certificate of another host', 'tls-certificate', '(CERT_ALTNAME_INVALID)'],
  ['cuts the connection before a response', 'closed', 'closed the connection before a response'],
  [
    'takes the request and cuts the connection',
    'closed',
    'closed the connection before a response',
  ],
  ['returns 502', 'gateway-error', 'returned a gateway error (502)'],
  ['returns 503', 'gateway-error', 'returned a gateway error (503)'],
  ['does not speak HTTP', 'tls-failed', 'failed the TLS handshake'],
]

describe('one of two addresses is broken', () => {
  it.each(BROKEN)('%s: the other one answers the same poll', async (kind, failure, words) => {
    const server = await ServerAtAddresses.start({ [A]: kind, [B]: 'works' })
    const { client, reports } = clientOf(server)
    for (let poll = 0; poll < 3; poll++) expect(await client.nextTask()).toBeNull()
    expect(server.seen(B)).toHaveLength(3)
    expect(reports).toHaveLength(1)
    expect(reports[0]).toMatchObject({
      change: 'failing',
      host: HOST,
      address: A,
      failure,
      count: 1,
    })
    const text = reports.map((report) => describeAddressReport(report)).join()
    expect(text).toContain(`${HOST}: ${A} `)
    expect(text).toContain(words)
    expect(text).toMatch(/; 127\.0\.0\.2 works$/)
  })

  it.each(BROKEN)('%s: a result is accepted by the other one', async (kind) => {
    const server = await ServerAtAddresses.start({ [A]: kind, [B]: 'works' }, (_, response) =>
      response.end('Job saved'),
    )
    const { client } = clientOf(server)
    expect(await client.submitResult(RESULT)).toBe('accepted')
  })

  it('never responds: the other one answers the same poll, and is preferred afterwards', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'never responds', [B]: 'works' })
    const { client, reports } = clientOf(server, { connectTimeoutMs: 200, requestTimeoutMs: 6000 })
    expect(await client.nextTask()).toBeNull()
    expect(await client.nextTask()).toBeNull()
    expect(server.seen(A)).toHaveLength(1)
    expect(server.seen(B)).toHaveLength(2)
    expect(reports).toMatchObject([{ change: 'failing', address: A, failure: 'no-response' }])
  })

  it('an IPv6 address is broken: IPv4 answers, and the other way around', async () => {
    for (const [broken, works] of [
      ['::1', A],
      [A, '::1'],
    ] as const) {
      const server = await ServerAtAddresses.start({
        [broken]: 'closes the TLS handshake',
        [works]: 'works',
      })
      const { client, reports } = clientOf(server, {
        resolve: () => Promise.resolve([broken, works]),
      })
      expect(await client.nextTask()).toBeNull()
      expect(reports).toMatchObject([{ address: broken, works: [works] }])
    }
  })

  it('breaks during a kept-alive connection: the other one answers', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'works', [B]: 'works' })
    const { client, reports } = clientOf(server)
    expect(await client.nextTask()).toBeNull()
    expect(server.seen(A)).toHaveLength(1)
    await server.set(A, 'closes the TLS handshake')
    expect(await client.nextTask()).toBeNull()
    expect(server.seen(B)).toHaveLength(1)
    expect(reports).toMatchObject([{ change: 'failing', address: A, failure: 'tls-closed' }])
  })

  it('closes an idle connection: the same address answers on a new one, and nothing is reported', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'works', [B]: 'works' })
    const { client, reports } = clientOf(server)
    expect(await client.nextTask()).toBeNull()
    await server.set(A, 'works')
    expect(await client.nextTask()).toBeNull()
    expect(server.seen(A)).toHaveLength(2)
    expect(reports).toEqual([])
  })

  it('accepts a result and cuts the connection: 409 from the other one is success', async () => {
    let stored = false
    const server = await ServerAtAddresses.start(
      { [A]: 'takes the request and cuts the connection', [B]: 'works' },
      (_, response) => {
        response.writeHead(stored ? 409 : 200).end()
        stored = true
      },
    )
    const { client } = clientOf(server)
    expect(await client.submitResult(RESULT)).toBe('accepted')
    expect(await client.submitResult(RESULT)).toBe('already-answered')
  })
})

describe('a broken address', () => {
  it('is avoided, then tried again, and its recovery is reported once', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'returns 502', [B]: 'works' })
    const { client, reports, clock } = clientOf(server)
    for (let poll = 0; poll < 5; poll++) await client.nextTask()
    expect(server.seen(A)).toHaveLength(1)
    clock.advance(16_000)
    for (let poll = 0; poll < 5; poll++) await client.nextTask()
    expect(server.seen(A)).toHaveLength(2)
    expect(reports).toHaveLength(1)
    await server.set(A, 'works')
    clock.advance(31_000)
    for (let poll = 0; poll < 3; poll++) expect(await client.nextTask()).toBeNull()
    expect(reports).toHaveLength(2)
    expect(reports[1]).toMatchObject({ change: 'recovered', address: A, count: 2 })
    expect(describeAddressReport(reports[1]!)).toMatch(
      /^relay\.test: 127\.0\.0\.1 returned a gateway error \(502\) 2 times since \d\d:\d\d UTC; it has recovered$/,
    )
  })

  it('to which no connection was possible is probed in the background, without a request', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'closes the TLS handshake', [B]: 'works' })
    const { client, reports, clock } = clientOf(server)
    for (let poll = 0; poll < 5; poll++) await client.nextTask()
    expect(server.connections.get(A)).toBe(1)
    clock.advance(16_000)
    await client.nextTask()
    await until(() => server.connections.get(A) === 2)
    await until(() => client.addresses.some(({ count }) => count === 2))
    await server.set(A, 'works')
    clock.advance(31_000)
    await client.nextTask()
    await until(() => reports.length === 2)
    expect(reports[1]).toMatchObject({ change: 'recovered', address: A, count: 2 })
    await client.nextTask()
    expect(server.seen(A)).toEqual([])
  })

  it('is reported again after 10 minutes, with the number of failures', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'returns 502', [B]: 'works' })
    const { client, reports, clock } = clientOf(server)
    for (let minute = 0; minute < 31; minute++) {
      await client.nextTask()
      clock.advance(60_000)
    }
    const again = reports.filter(({ change }) => change === 'still-failing')
    expect(reports).toHaveLength(again.length + 1)
    expect(again.length).toBeGreaterThanOrEqual(1)
    expect(again.length).toBeLessThanOrEqual(3)
    expect(describeAddressReport(again[0]!)).toMatch(
      /\d times since \d\d:\d\d UTC; 127\.0\.0\.2 works$/,
    )
  })

  it('that no longer belongs to the name is dropped, which is reported', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'refuses', [B]: 'works' })
    let addresses = [A, B]
    const { client, reports, clock } = clientOf(server, {
      resolve: () => Promise.resolve(addresses),
    })
    await client.nextTask()
    addresses = [B]
    clock.advance(31_000)
    await client.nextTask()
    await client.nextTask()
    expect(reports.map(({ change }) => change)).toEqual(['failing', 'removed'])
    expect(client.addresses).toEqual([{ address: B, state: 'works' }])
  })

  it('is shown with its state', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'refuses', [B]: 'works' })
    const { client } = clientOf(server)
    await client.nextTask()
    expect(client.addresses).toMatchObject([
      { address: A, state: 'failing', failure: 'refused', count: 1 },
      { address: B, state: 'works' },
    ])
  })
})

describe('all addresses are broken', () => {
  it('the error names each of them, and nothing else is reported', async () => {
    const server = await ServerAtAddresses.start({
      [A]: 'closes the TLS handshake',
      [B]: 'refuses',
    })
    const { client, reports } = clientOf(server)
    const error = await errorOf(client.nextTask())
    expect(error).toMatchObject({
      kind: 'transport',
      code: 'TLS_HANDSHAKE_CLOSED',
      retryable: true,
    })
    expect(error.message).toBe(
      `none of the 2 addresses of ${HOST}:${server.port} answered: ${A} closed the TLS handshake, ${B} refused the connection`,
    )
    expect(reports).toEqual([])
  })

  it('each is tried again with every poll, so that the first that works is found at once', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'refuses', [B]: 'refuses' })
    const { client } = clientOf(server)
    for (let poll = 0; poll < 3; poll++) await errorOf(client.nextTask())
    await server.set(B, 'works')
    expect(await client.nextTask()).toBeNull()
  })

  it('a gateway error of the last one is returned with its status', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'refuses', [B]: 'returns 503' })
    const { client } = clientOf(server)
    expect(await errorOf(client.nextTask())).toMatchObject({ kind: 'unavailable', status: 503 })
  })

  it('resolves the name once more, because the server may have moved', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'works' })
    const answers = [[A], [B]]
    const { client } = clientOf(server, { resolve: () => Promise.resolve(answers.shift() ?? [B]) })
    expect(await client.nextTask()).toBeNull()
    await server.set(A, 'refuses')
    await server.set(B, 'works')
    expect(await client.nextTask()).toBeNull()
    expect(server.seen(B)).toHaveLength(1)
  })
})

describe('name resolution', () => {
  it('that fails leaves the known addresses in use, and is reported once', async () => {
    const server = await ServerAtAddresses.start({ [A]: 'works' })
    let fails = false
    const { client, resolutions, clock } = clientOf(server, {
      resolve: () =>
        fails
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }))
          : Promise.resolve([A]),
    })
    expect(await client.nextTask()).toBeNull()
    fails = true
    for (let poll = 0; poll < 3; poll++) {
      clock.advance(11 * 60_000)
      expect(await client.nextTask()).toBeNull()
    }
    expect(resolutions).toMatchObject([{ change: 'unresolved', host: HOST, code: 'EAI_AGAIN' }])
    expect(describeResolutionReport(resolutions[0]!)).toBe(
      `${HOST} cannot be resolved (EAI_AGAIN); the address of an earlier lookup is used: ${A}`,
    )
    fails = false
    clock.advance(11 * 60_000)
    expect(await client.nextTask()).toBeNull()
    expect(resolutions[1]).toMatchObject({ change: 'resolved', count: 3 })
  })

  it('that fails at the first request is the error of that request', async () => {
    const server = await ServerAtAddresses.start({})
    const { client } = clientOf(server, {
      resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
    })
    expect(await errorOf(client.nextTask())).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('that never ends is ended by the timeout of the request', async () => {
    const server = await ServerAtAddresses.start({})
    const { client } = clientOf(server, {
      resolve: () => new Promise(() => {}),
      connectTimeoutMs: 100,
      requestTimeoutMs: 200,
    })
    expect(await errorOf(client.nextTask())).toMatchObject({ code: 'READ_TIMEOUT' })
  })

  it('that returns hundreds of addresses is cut', async () => {
    const server = await ServerAtAddresses.start({})
    const many = Array.from({ length: 300 }, (_, index) => `127.0.1.${index}`)
    const { client } = clientOf(server, { resolve: () => Promise.resolve(many) })
    await errorOf(client.nextTask())
    expect(client.addresses).toHaveLength(16)
  })
})

describe('while at least one address works', () => {
  it('no poll is lost, however the others break and recover', async () => {
    const kinds = BROKEN.map(([kind]) => kind).filter((kind) => kind !== 'accepts and stays silent')
    const step = fc.record({
      works: fc.constantFrom(0, 1, 2),
      others: fc.tuple(
        fc.constantFrom<Listener>('works', ...kinds),
        fc.constantFrom<Listener>('works', ...kinds),
      ),
      polls: fc.integer({ min: 1, max: 3 }),
      passMs: fc.constantFrom(0, 16_000, 400_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        const addresses = [A, B, '127.0.0.3']
        const server = await ServerAtAddresses.start({})
        const { client, clock } = clientOf(server, { resolve: () => Promise.resolve(addresses) })
        for (const { works, others, polls, passMs } of steps) {
          const broken = [...others]
          for (const [index, address] of addresses.entries()) {
            await server.set(address, index === works ? 'works' : (broken.pop() ?? 'works'))
          }
          clock.advance(passMs)
          for (let poll = 0; poll < polls; poll++) expect(await client.nextTask()).toBeNull()
        }
        await client[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      }),
      { numRuns: 12, seed: 7 },
    )
  }, 120_000)
})
