import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { printFailure } from '@warren/runtime'
import {
  CODE_DISTRIBUTION,
  countResult,
  distributionResult,
  errorResult,
  isJsonObject,
  parseTask,
  type ResultFile,
  resultFile,
} from '@warren/task-api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { upstreamCommand } from '../../src/index.ts'
import { MEN, type Poller, poller, runningUpstream } from './running-upstream.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface How {
  readonly env?: NodeJS.ProcessEnv
  readonly stdin?: string
  readonly tty?: boolean
}

async function run(
  args: readonly string[],
  { env = {}, stdin = '', tty = false }: How = {},
): Promise<Ran> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    isTTY: tty,
    columns: 80,
    write: (text: string) => (written[name] += text),
  })
  const io = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin: Readable.from([stdin]),
    env: { NO_COLOR: '1', ...env },
  }
  try {
    await upstreamCommand(io).parseAsync(args, { from: 'user' })
    return { code: 0, ...written }
  } catch (error: unknown) {
    const code = printFailure(error, io.stderr, io.env)
    return { code, ...written }
  }
}

function file(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-ask-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'question.json')
  writeFileSync(path, content)
  return path
}

/** Answers the next task when it arrives. */
async function answerNext(
  { client, collectionId }: Poller,
  answer: number | string | ResultFile,
): Promise<void> {
  const type = typeof answer === 'object' ? 'b' : 'a'
  const next = await client.nextTask({ waitSeconds: 20, type })
  const address = { uuid: parseTask(next?.body).uuid, collection: collectionId }
  await client.submitResult(
    typeof answer === 'number'
      ? countResult(address, answer, 'answered by 3 of 4 nodes')
      : typeof answer === 'string'
        ? errorResult(address, answer)
        : distributionResult(address, 2, [answer], 'answered by 3 of 4 nodes'),
  )
}

const DISTRIBUTION = '{"analysis":"DISTRIBUTION","code":"GENERIC"}'
const ROWS = [
  { code: 'OMOP:317009', count: 120, description: '=Asthma', category: 'Condition' },
  { code: 'OMOP:8507', count: 30, description: 'Male', category: 'Gender' },
]

function codeFile(): ResultFile {
  const header =
    'BIOBANK\tCODE\tCOUNT\tDESCRIPTION\tMIN\tQ1\tMEDIAN\tMEAN\tQ3\tMAX\tALTERNATIVES\tDATASET\tOMOP\tOMOP_DESCR\tCATEGORY'
  const lines = ROWS.map(
    ({ code, count, description, category }) =>
      `north\t${code}\t${count}${'\t'.repeat(10)}${code.slice(5)}\t${description}\t${category}`,
  )
  const text = [header, ...lines].join('\n')
  return resultFile({ name: CODE_DISTRIBUTION, text, description: '', sensitive: true })
}

describe('upstream ask', () => {
  it('prints the count and the message: two lines on a terminal, two columns in a pipe', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const args = ['ask', file(JSON.stringify(MEN)), '--url', running.url]
    const [piped] = await Promise.all([run(args), answerNext(north, 120)])
    expect(piped).toEqual({ code: 0, stdout: '120\tanswered by 3 of 4 nodes\n', stderr: '' })
    const [shown] = await Promise.all([run(args, { tty: true }), answerNext(north, 120)])
    expect(shown.stdout).toBe('120 people\nanswered by 3 of 4 nodes\n')
  })

  it('shows a spinner while it waits, and clears it', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const asking = run(['ask', '-', '--url', running.url], {
      tty: true,
      stdin: JSON.stringify(MEN),
    })
    await new Promise((resolve) => setTimeout(resolve, 350))
    await answerNext(north, 5)
    const { stderr } = await asking
    expect(stderr).toContain('waiting for a poll 0 s')
    expect(stderr.endsWith('\r\u001b[2K')).toBe(true)
  })

  it('prints the whole question with --json', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const args = ['ask', '-', '--url', running.url, '--json', '--collection', 'north']
    const [ran] = await Promise.all([
      run(args, { stdin: JSON.stringify(MEN) }),
      answerNext(north, 7),
    ])
    expect(JSON.parse(ran.stdout)).toMatchObject({
      state: 'answered',
      count: 7,
      result: { queryResult: { count: 7 } },
    })
  })

  it('prints a distribution as a table, tab-separated in a pipe, as CSV, and decoded in JSON', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const ask = async (...options: string[]) => {
      const args = ['ask', file(DISTRIBUTION), '--url', running.url, ...options]
      const [ran] = await Promise.all([run(args), answerNext(north, codeFile())])
      return ran.stdout
    }
    expect(await ask()).toBe('OMOP:317009\t=Asthma\tCondition\t120\nOMOP:8507\tMale\tGender\t30\n')
    expect(await ask('--csv')).toBe(
      "code,description,category,people,alternatives\r\nOMOP:317009,'=Asthma,Condition,120,\r\nOMOP:8507,Male,Gender,30,\r\n",
    )
    expect(JSON.parse(await ask('--json'))).toMatchObject({
      count: 2,
      rows: [{ code: 'OMOP:317009', people: 120 }, { people: 30 }],
    })
    const args = ['ask', file(DISTRIBUTION), '--url', running.url]
    const [shown] = await Promise.all([run(args, { tty: true }), answerNext(north, codeFile())])
    expect(shown.stdout).toMatch(/^code +description +category +people\n/)
    expect(shown.stdout).toMatch(/\n2 rows\nanswered by 3 of 4 nodes\n$/)
    expect(await run([...args, '--csv', '--json'])).toMatchObject({ code: 64, stdout: '' })
  })

  it('ends with 1 and the reason if the question failed', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const args = ['ask', file(JSON.stringify(MEN)), '--url', running.url]
    const [ran] = await Promise.all([run(args), answerNext(north, 'no node answered')])
    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: the question failed: no node answered\n',
    })
  })

  it('ends with 2 if there is no result in time', async () => {
    const running = await runningUpstream()
    await poller(running)
    const args = ['ask', file(JSON.stringify(MEN)), '--url', running.url, '--timeout', '1s']
    const ran = await run(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain('error: no result in time')
  })

  it('reports problems with the file, the question or the upstream', async () => {
    const running = await runningUpstream()
    const url = ['--url', running.url]
    expect(await run(['ask', '/no/such/file', ...url])).toMatchObject({
      code: 65,
      stderr: 'error: cannot read /no/such/file: the file does not exist\n',
    })
    expect((await run(['ask', '-', ...url], { stdin: '{' })).stderr).toMatch(
      /^error: standard input is not JSON/,
    )
    expect(await run(['ask', '-', ...url], { stdin: '[]' })).toMatchObject({ code: 65 })
    const bad = await run(['ask', '-', ...url], { stdin: '{"cohort":{"groups":7}}' })
    expect(bad.code).toBe(65)
    expect(bad.stderr).toContain('cohort.groups: expected a list, got a number')
    const gone = await run(['ask', '-', '--url', 'http://127.0.0.1:1'], { stdin: '{}' })
    expect(gone).toMatchObject({ code: 69 })
    expect(gone.stderr).toContain('no response from an upstream at http://127.0.0.1:1')
    expect(await run(['ask', '-', '--timeout', 'soon'])).toMatchObject({ code: 64 })
    expect(await run(['ask'])).toMatchObject({ code: 64 })
  })

  it('reads the token from the environment', async () => {
    const env = { UPSTREAM_ASKER_TOKEN: 'a-long-enough-token' }
    const running = await runningUpstream(env)
    const args = ['collections', 'list', '--url', running.url]
    const rejected = await run(args)
    expect(rejected.code).toBe(1)
    expect(rejected.stderr).toContain('hint: Set UPSTREAM_ASKER_TOKEN')
    expect(await run(args, { env })).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('upstream collections', () => {
  it('adds credentials that work and lists their collection', async () => {
    const running = await runningUpstream()
    const env = { UPSTREAM_URL: running.url }
    const added = await run(['collections', 'add', 'north', '--json'], { env })
    const login: unknown = JSON.parse(added.stdout)
    const { username, password, collectionId } = isJsonObject(login) ? login : {}
    const poll = await fetch(`${running.url}/api/v1/task/nextjob/${String(collectionId)}`, {
      headers: {
        authorization: `Basic ${Buffer.from(`${String(username)}:${String(password)}`).toString('base64')}`,
        'user-agent': 'curl/8',
      },
    })
    expect(poll.status).toBe(204)
    expect((await run(['collections', 'list'], { env })).stdout).toBe(
      `north\t${String(collectionId)}\tactive\t2026-02-03T10:00:00.000Z\tcurl/8\n`,
    )
    const table = await run(['collections', 'list'], { env, tty: true })
    expect(table.stdout.split('\n')[0]).toMatch(
      /^name +collection ID +status +last poll \(UTC\) +worker$/,
    )
    expect(table.stdout).toContain('2026-02-03 10:00:00')
    expect(await run(['collections', 'add', 'north'], { env })).toMatchObject({ code: 1 })
  })
})

describe('upstream questions', () => {
  it('lists questions, shows one with its result, and cancels one', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const url = ['--url', running.url]
    expect(await run(['questions', 'list', ...url])).toMatchObject({ code: 0, stdout: '' })
    const [,] = await Promise.all([
      run(['ask', file(JSON.stringify(MEN)), ...url]),
      answerNext(north, 120),
    ])
    const open = await running.upstream.ask({ ...MEN })
    const listed = await run(['questions', 'list', ...url])
    const [newest, older] = listed.stdout.trimEnd().split('\n')
    expect(newest).toMatch(new RegExp(`^${open}\\tavailability\\tqueued\\t`))
    expect(older).toMatch(/\tanswered\t.*\tanswered by 3 of 4 nodes$/)
    const answered = older?.split('\t')[0] ?? ''
    expect((await run(['questions', 'show', answered, ...url])).stdout).toBe(
      '120\tanswered by 3 of 4 nodes\n',
    )
    expect((await run(['questions', 'show', open, ...url])).stdout).toBe('queued\t\n')
    const taken = await north.client.nextTask({ type: 'a' })
    expect(parseTask(taken?.body).uuid).toBe(open)
    expect((await run(['questions', 'cancel', open, ...url])).stdout).toBe(`${open}\tcancelled\n`)
    // The collection that has the task may still answer, to no effect.
    await north.client.submitResult(
      countResult({ uuid: open, collection: north.collectionId }, 50, ''),
    )
    expect((await run(['questions', 'show', open, ...url])).stdout).toBe('cancelled\tcancelled\n')
    for (const uuid of [open, answered]) {
      const again = await run(['questions', 'cancel', uuid, ...url])
      expect(again).toMatchObject({ code: 1, stdout: '' })
      expect(again.stderr).toContain('the question is settled')
    }
    expect(await run(['questions', 'show', 'none', ...url])).toMatchObject({ code: 1, stdout: '' })
    expect(await run(['questions', 'list', '--limit', '0', ...url])).toMatchObject({ code: 64 })
  })
})

describe('help', () => {
  it.each([
    [[]],
    [['serve']],
    [['ask']],
    [['questions']],
    [['collections', 'add']],
    [['collections', 'list']],
  ])('of %j shows examples', async (path) => {
    const { code, stdout } = await run([...path, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  ')
  })
})

describe('upstream serve', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

  it('serves until SIGTERM, and ends by that signal', async () => {
    const env = { ...process.env, UPSTREAM_PORT: '0', UPSTREAM_LOG_LEVEL: 'info' }
    const child = spawn(process.execPath, [main, 'serve'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const messages: string[] = []
    let url = ''
    for await (const line of createInterface({ input: child.stderr })) {
      const record: unknown = JSON.parse(line)
      if (!isJsonObject(record)) continue
      messages.push(String(record['msg']))
      if (record['msg'] !== 'upstream started') continue
      url = String(record['url'])
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await exited).toEqual([null, 'SIGTERM'])
    }
    expect(messages).toEqual(['upstream started', 'upstream stopping', 'upstream stopped'])
    await expect(fetch(`${url}/readyz`)).rejects.toThrow()
  })

  it('warns about a common token, and its log stays readable', async () => {
    const env = { ...process.env, UPSTREAM_PORT: '0', UPSTREAM_ASKER_TOKEN: 'upstreamupstream' }
    const child = spawn(process.execPath, [main, 'serve'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stderr })) {
      lines.push(line)
      if (line.includes('"msg":"upstream started"')) child.kill('SIGTERM')
    }
    expect(lines[0]).toMatch(/"variable":"UPSTREAM_ASKER_TOKEN".*"msg":"configuration warning"/)
    expect(lines).toHaveLength(4)
  })

  it('does not start on a public address without a token, and lists every problem', async () => {
    const env = { UPSTREAM_HOST: '0.0.0.0', UPSTREAM_PORT: 'many', UPSTREAM_LEESE: '10' }
    const { code, stderr } = await run(['serve'], { env })
    expect(code).toBe(78)
    for (const name of [
      'UPSTREAM_ASKER_TOKEN',
      'UPSTREAM_PORT',
      'UPSTREAM_LEESE',
      'UPSTREAM_LEASE?',
    ]) {
      expect(stderr).toContain(name)
    }
  })
})
