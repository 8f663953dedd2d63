import { RawClient, until } from '@warren/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MEN, type Poller, poller, runningUpstream } from './running-upstream.ts'

const basic = ({ username, password }: Poller) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** An upstream with a question to the collection `north`. */
async function withQuestion(env: NodeJS.ProcessEnv = {}) {
  const running = await runningUpstream(env)
  const north = await poller(running)
  const uuid = await running.upstream.ask(MEN)
  const open = () => {
    const client = new RawClient(running.url)
    onTestFinished(() => client[Symbol.dispose]())
    return client
  }
  /** Sends the head of a result, with a body that is still to come. */
  const begin = (task: string, length: number, collection = north) =>
    open().send(
      [
        `POST /api/v1/task/result/${task}/${collection.collectionId} HTTP/1.1`,
        'Host: localhost',
        `Authorization: ${basic(collection)}`,
        'Content-Type: application/json',
        `Content-Length: ${length}`,
        '\r\n',
      ].join('\r\n'),
    )
  return { running, north, uuid, open, begin }
}

describe('the body of a result', () => {
  it('is not waited for without valid credentials, a task or a legal size', async () => {
    const { north, uuid, begin } = await withQuestion()
    const wrong = begin(uuid, 30_000_000, { ...north, password: 'wrong' })
    expect(await wrong.status(3_000)).toBe(401)
    expect(await begin(crypto.randomUUID(), 30_000_000).status(3_000)).toBe(404)
    expect(await begin(uuid, 34_000_000).status(3_000)).toBe(413)
  })

  it('is rejected as it arrives if it has too many values', async () => {
    const { uuid, begin } = await withQuestion()
    const upload = begin(uuid, 30_000_000).send(Buffer.alloc(100_000, '0,'))
    expect(await upload.status(3_000)).toBe(400)
    await until(() => upload.received.includes('The body is too complex'))
  })

  it('that drips in from one collection does not delay that of another', async () => {
    const { running, uuid, begin } = await withQuestion()
    const drips = Array.from({ length: 8 }, () => begin(uuid, 30_000_000).send(' '))
    const south = await poller(running, { name: 'south' })
    const other = await running.upstream.ask({ ...MEN, collection: south.collectionId })
    const file = { file_name: 'big', file_data: 'A'.repeat(10_000_000) }
    const result = { status: 'ok', queryResult: { count: 1, datasetCount: 0, files: [file] } }
    const response = await fetch(
      `${running.url}/api/v1/task/result/${other}/${south.collectionId}`,
      {
        method: 'POST',
        headers: { authorization: basic(south), 'content-type': 'application/json' },
        body: JSON.stringify(result),
        signal: AbortSignal.timeout(5_000),
      },
    )
    expect(response.status).toBe(201)
    expect(drips.map(({ received }) => received)).toEqual(drips.map(() => ''))
    const view = await running.upstream.waitForResult(other)
    expect(view.result?.queryResult.files[0]?.file_data).toBe(file.file_data)
  })
})

describe('every response', () => {
  it('has the headers against guessing, keeping and running', async () => {
    const { running, open } = await withQuestion()
    for (const path of ['/livez', '/unknown', '/%zz', '/api/v1/collections', '/api/v1/task/x']) {
      const { headers } = await fetch(`${running.url}${path}`)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('server')).toBeNull()
    }
    const malformed = open().send('GET / HTTP/1.1\r\nbroken\r\n\r\n')
    expect(await malformed.status()).toBe(400)
    expect(malformed.received).toContain('nosniff')
  })

  it.each(['/livez', '/readyz', '/healthz'])('answers HEAD %s', async (path) => {
    const { running } = await withQuestion()
    expect((await fetch(`${running.url}${path}`, { method: 'HEAD' })).status).toBe(200)
  })
})

describe('connections', () => {
  it('are closed beyond the limit, the oldest first', async () => {
    const { running, open } = await withQuestion({ UPSTREAM_MAX_CONNECTIONS: '20' })
    const silent = Array.from({ length: 50 }, () => open())
    await until(() => silent.filter(({ closed }) => closed).length >= 40)
    expect((await fetch(`${running.url}/livez`)).status).toBe(200)
  })
})
