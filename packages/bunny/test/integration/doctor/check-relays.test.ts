import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, selfSignedCertificate } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CheckDocument } from '../../../src/doctor/check-document.ts'
import type { Step } from '../../../src/doctor/step.ts'
import { FolderLock } from '../../../src/outbox/folder-lock.ts'
import { bunnyHere } from '../../support/command-line.ts'
import { ScriptedTaskApi } from '../../support/scripted-task-api.ts'
import { duckDbHospitalFile } from '../../support/small-hospital.ts'
import { availability, person } from '../../support/tasks.ts'

const DAY_MS = 86_400_000

let folder: string
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-check-'))
  env = {
    TASK_API_ENFORCE_HTTPS: 'false',
    TASK_API_USERNAME: 'north',
    TASK_API_PASSWORD: 'correct-horse-battery-staple',
    COLLECTION_ID: 'collection_id',
    BUNNY_STATE_DIR: join(folder, 'state'),
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'omop.duckdb'),
    DATASOURCE_DUCKDB_TEMP_DIRECTORY: folder,
  }
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function check(
  more: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<CheckDocument & { of: (link: string | undefined, id: string) => Step | undefined }> {
  const { stdout } = await bunnyHere(['check', '--json', ...args], { env: { ...env, ...more } })
  const document = JSON.parse(stdout) as CheckDocument
  return {
    ...document,
    of: (link, id) => document.steps.find((step) => step.id === id && step.link === link),
  }
}

describe('a check of several relays', () => {
  it('walks to each, and advice names the variables of the one that fails', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    south.postReplies.push({ status: 401 })
    const { of, exitCode } = await check({
      TASK_API_BASE_URL: north.url,
      TASK_API_2_NAME: 'south',
      TASK_API_2_BASE_URL: south.url,
      TASK_API_2_USERNAME: 'site-b',
      TASK_API_2_PASSWORD: 'another-horse-battery',
      TASK_API_2_COLLECTION_ID: 'collection_2',
    })
    expect(of('relay', 'relay.login')).toMatchObject({ status: 'ok' })
    expect(of('south', 'relay.http')).toMatchObject({ status: 'ok' })
    expect(of('south', 'relay.login')).toMatchObject({
      status: 'failed',
      advice: [
        expect.stringMatching(
          /TASK_API_2_USERNAME, TASK_API_2_PASSWORD .* TASK_API_2_COLLECTION_ID/,
        ),
      ],
    })
    expect(exitCode).toBe(77)
    const basic = Buffer.from('site-b:another-horse-battery').toString('base64')
    expect(south.posts.map(({ headers }) => headers.authorization)).toContain(`Basic ${basic}`)
    expect(south.posts[0]?.path).toContain('collection_2')
    expect(of('relay', 'state')).toMatchObject({ detail: expect.stringContaining('/state ') })
    expect(of('south', 'state')).toMatchObject({
      detail: expect.stringMatching(/state\/[0-9a-f]{16} /),
    })
  })

  it('walks a way that collections share once, and checks the login of each', async () => {
    await using api = await ScriptedTaskApi.start()
    const { steps, of } = await check({
      TASK_API_BASE_URL: api.url,
      TASK_API_2_COLLECTION_ID: 'collection_2',
    })
    expect(steps.filter(({ id }) => id === 'relay.http')).toHaveLength(1)
    expect(of('relay-2', 'relay.login')).toMatchObject({ status: 'ok' })
    expect(api.posts.map(({ path }) => path.split('/').at(-1))).toEqual([
      'collection_id',
      'collection_2',
    ])
  })

  it('goes on with the others if one cannot be reached, and names it on the screen', async () => {
    await using api = await ScriptedTaskApi.start()
    const away = `http://127.0.0.1:${await freePort()}`
    const { stdout, code } = await bunnyHere(['check'], {
      env: {
        ...env,
        TASK_API_BASE_URL: away,
        TASK_API_2_NAME: 'south',
        TASK_API_2_BASE_URL: api.url,
        TASK_API_2_USERNAME: 'site-b',
        TASK_API_2_PASSWORD: 'another-horse-battery',
        TASK_API_2_COLLECTION_ID: 'collection_2',
      },
    })
    expect(code).toBe(69)
    const [north = '', south = ''] = stdout.split('\nRelay: south\n')
    expect(north).toMatch(/\nRelay: relay\n(?:.*\n)*? {2}failed +TCP/)
    expect(south).toMatch(/^(?: {2}ok .*\n)+ {2}ok +login and collection: accepted/)
  })
})

describe('a client certificate', () => {
  const site = selfSignedCertificate('site.example.org', new Date(Date.now() + 90 * DAY_MS))
  const server = selfSignedCertificate(undefined, new Date(Date.now() + 90 * DAY_MS))
  let relay: Server

  beforeEach(async () => {
    relay = createHttps(
      { ...server, ca: site.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        if (request.url === '/healthz') response.end('Healthy')
        else response.writeHead(404).end('{"code":"RELAY_NO_SUCH_TASK"}')
      },
    )
    relay.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const { port } = relay.address() as AddressInfo
    await Promise.all(
      Object.entries({ 'ca.pem': server.cert, 'cert.pem': site.cert, 'key.pem': site.key }).map(
        ([name, content]) => writeFile(join(folder, name), content),
      ),
    )
    env = {
      ...env,
      TASK_API_BASE_URL: `https://127.0.0.1:${port}`,
      TASK_API_CA_FILE: join(folder, 'ca.pem'),
    }
  })
  afterEach(() => relay.close())

  const pair = (): NodeJS.ProcessEnv => ({
    TASK_API_CLIENT_CERT_FILE: join(folder, 'cert.pem'),
    TASK_API_CLIENT_KEY_FILE: join(folder, 'key.pem'),
  })

  it('is described and used', async () => {
    const { of } = await check(pair())
    expect(of(undefined, 'relay.certificate')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^CN=.*, issuer CN=.*, 89 days left$/),
    })
    expect(of(undefined, 'relay.login')).toMatchObject({ status: 'ok' })
  })

  it('that is missing is named as the cause', async () => {
    const { of, exitCode } = await check({})
    const step = of(undefined, 'relay.http')
    expect(step).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('requires a client certificate'),
      advice: [expect.stringContaining('TASK_API_CLIENT_CERT_FILE')],
    })
    expect(exitCode).toBe(69)
  })

  it('that has expired has failed', async () => {
    const old = selfSignedCertificate('site.example.org', new Date(Date.now() - 2 * DAY_MS))
    await writeFile(join(folder, 'cert.pem'), old.cert)
    await writeFile(join(folder, 'key.pem'), old.key)
    const { of } = await check(pair())
    expect(of(undefined, 'relay.certificate')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('has expired'),
    })
  })

  it('that does not fit its key is a problem of the configuration', async () => {
    await writeFile(join(folder, 'key.pem'), server.key)
    const { of, exitCode } = await check(pair())
    expect(of(undefined, 'relay.route')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('TASK_API_CLIENT_KEY_FILE'),
    })
    expect(exitCode).toBe(78)
  })
})

describe('a check with --poll', () => {
  const ready = async (api: ScriptedTaskApi, policy?: object): Promise<NodeJS.ProcessEnv> => {
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    // The first reply is for the health page.
    api.pollReplies.push({ status: 200, body: 'Healthy' })
    api.queue(availability([person('8507')]))
    const file = join(folder, 'policy.json')
    await writeFile(file, JSON.stringify({ version: 1, ...policy }))
    return { TASK_API_BASE_URL: api.url, BUNNY_POLICY_FILE: file }
  }

  it('records what left', async () => {
    await using api = await ScriptedTaskApi.start()
    await check(await ready(api), '--poll')
    const record = await readFile(join(folder, 'state', 'audit', 'audit.jsonl'), 'utf8')
    expect(record).toMatch(/"event":"answered".*"count":30/)
  })

  it('refuses what the policy refuses', async () => {
    await using api = await ScriptedTaskApi.start()
    const { of } = await check(await ready(api, { allow: ['GENERIC'] }), '--poll')
    expect(of(undefined, 'poll')).toMatchObject({ status: 'warning' })
    expect(api.results.at(-1)).toMatchObject({ status: 'error', queryResult: { count: 0 } })
  })

  it('does not answer what the policy holds', async () => {
    await using api = await ScriptedTaskApi.start()
    const { of } = await check(await ready(api, { hold: [{}] }), '--poll')
    expect(of(undefined, 'poll')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('holds it for approval'),
    })
    expect(api.results.filter(({ uuid }) => uuid === 'unique_id')).toEqual([])
  })

  it('leaves the polls to a bunny that runs', async () => {
    await using api = await ScriptedTaskApi.start()
    const more = await ready(api)
    await mkdir(join(folder, 'state'))
    using _ = await FolderLock.acquire(join(folder, 'state'))
    const { of } = await check(more, '--poll')
    expect(of(undefined, 'poll')?.status).toBe('skipped')
    expect(api.polls.filter(({ path }) => path.includes('nextjob'))).toEqual([])
  })
})
