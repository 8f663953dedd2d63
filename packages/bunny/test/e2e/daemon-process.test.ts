import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunny, BunnyProcess } from '../support/bunny-process.ts'
import { parseLogLine } from '../support/log-lines.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, person } from '../support/tasks.ts'

const COLLECTION = 'secret-collection-7'

let folder = ''
let env: Record<string, string> = {}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-daemon-'))
  const file = join(folder, 'omop.duckdb')
  await duckDbHospitalFile(file)
  env = {
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    DATASOURCE_DUCKDB_PATH_TO_DB: file,
    TASK_API_USERNAME: 'site-a',
    TASK_API_PASSWORD: 'hunter2-hunter2',
    TASK_API_ENFORCE_HTTPS: 'false',
    COLLECTION_ID: COLLECTION,
    INITIAL_BACKOFF: '100ms',
    MAX_BACKOFF: '200ms',
    POLLING_INTERVAL: '1s',
    POLL_WAIT_SECONDS: '0',
    BUNNY_STATE: 'memory',
  }
})
afterAll(() => rm(folder, { recursive: true }))

const men = (uuid: string) => availability([person('8507')], { uuid, collection: COLLECTION })

const daemon = (url: string, more: Record<string, string> = {}) =>
  new BunnyProcess(['daemon'], { env: { ...env, TASK_API_BASE_URL: url, ...more } })

describe('bunny daemon as a process', () => {
  it('ends by the signal that stopped it, after its tasks are done', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('t'))
    const process = daemon(api.url)
    await until(() => api.posts.length === 1, { timeoutMs: 20_000 })
    const end = await process.kill('SIGTERM')
    expect(end).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '' })
    const events = end.stderr
      .trimEnd()
      .split('\n')
      .map((line) => parseLogLine(line).msg)
    expect(events.at(-1)).toBe('bunny stopped')
  })

  it('warns about a common password, and its log stays readable', async () => {
    await using api = await ScriptedTaskApi.start()
    const process = daemon(api.url, { TASK_API_PASSWORD: 'bunny' })
    await until(() => api.polls.length > 0, { timeoutMs: 20_000 })
    const { stderr } = await process.kill('SIGTERM')
    const lines = stderr.trimEnd().split('\n').map(parseLogLine)
    expect(lines.map(({ msg }) => msg)).toContain('bunny started')
    expect(lines.find(({ msg }) => msg === 'configuration warning')).toMatchObject({
      variable: 'TASK_API_PASSWORD',
      component: 'bunny',
    })
  })

  it('writes only lines of the Python bunny with LOG_FORMAT=text', async () => {
    await using api = await ScriptedTaskApi.start()
    api.pollReplies.push({ status: 204 }, { status: 401 })
    api.queue(men('t'))
    api.postReplies.push({ status: 500 })
    const process = daemon(api.url, { LOG_FORMAT: 'text', BUNNY_LOGGER_LEVEL: 'DEBUG' })
    await until(() => process.stderr.includes('Task resolved.'), { timeoutMs: 20_000 })
    const { stderr } = await process.kill('SIGTERM')
    const stamp = String.raw`\d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d`
    const url = String.raw`http://127\.0\.0\.1:\d+/link_connector_api/task/nextjob/\[REDACTED\]`
    const known = [
      String.raw`INFO - ${stamp} - Starting Bunny version: \d+\.\d+\.\d+`,
      String.raw`WARNING - ${stamp} - HTTPS is not used for the task API\. This is not recommended in production environments\.`,
      String.raw`INFO - ${stamp} - Connecting to database\.\.\.`,
      String.raw`INFO - ${stamp} - Polling for tasks\.\.\.`,
      String.raw`DEBUG - ${stamp} - Sending get request to ${url}( with data None and kwargs \{\})?`,
      String.raw`DEBUG - ${stamp} - Response Status: (204|401|200)`,
      String.raw`DEBUG - ${stamp} - No task found\. Looking for task\.\.\.`,
      String.raw`ERROR - ${stamp} - Network error occurred: 401 Client Error: Unauthorized for url: ${url}`,
      String.raw`INFO - ${stamp} - (Task received\. Resolving\.\.\.|Processing query\.\.\.|Solved availability query|Task resolved\.)`,
      String.raw`WARNING - ${stamp} - Failed to post to task/result/t/\[REDACTED\] at \d+(\.\d+)?\. Trying again\.\.\.`,
      // The Python bunny logs neither what to do, nor that it can log in again, nor its stop.
      String.raw`WARNING - ${stamp} - What to do: the relay rejects the credentials: .*`,
      String.raw`INFO - ${stamp} - login accepted for polling`,
      String.raw`INFO - ${stamp} - polls recovered failures=1 .*`,
      String.raw`INFO - ${stamp} - bunny (stopping|stopped).*`,
    ].map((line) => new RegExp(`^${line}$`))
    const lines = stderr.trimEnd().split('\n')
    expect(lines.filter((line) => !known.some((pattern) => pattern.test(line)))).toEqual([])
    for (const pattern of known) expect(lines).toContainEqual(expect.stringMatching(pattern))
    const python = lines.filter((line) => !line.includes('login accepted'))
    const asked = python.findIndex((line) => line.includes('Sending get request'))
    expect(python[asked + 2]).toContain('Response Status: 204')
    expect(python[asked + 3]).toContain('No task found.')
  })

  it('loads no driver before it opens a database', async () => {
    const index = new URL('../../src/index.ts', import.meta.url).href
    const script = `await import(${JSON.stringify(index)})
      console.log(JSON.stringify(process.report.getReport().sharedObjects))`
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
    ])
    expect(stdout).toContain('libc')
    expect(stdout).not.toContain('duckdb')
  })

  it('exits with 78 for an invalid configuration, and polls without its database', async () => {
    const wrong = await bunny(['daemon'], { env })
    expect(wrong.code).toBe(78)
    expect(wrong.stderr).toContain('TASK_API_BASE_URL: not set')
    await using api = await ScriptedTaskApi.start()
    const away = daemon(api.url, {
      DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'none.duckdb'),
      BUNNY_DATABASE_WAIT: '0',
    })
    api.queue(men('t'))
    await until(() => api.posts.length === 1, { timeoutMs: 20_000 })
    expect(api.results[0]).toMatchObject({
      status: 'error',
      message: 'The database is not available.',
    })
    await away.kill('SIGTERM')
  })
})
