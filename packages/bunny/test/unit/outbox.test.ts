import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProgramError } from '@warren/runtime'
import { countResult, TaskApiError, type TaskApiErrorKind, type TaskResult } from '@warren/task-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OutboxFolder } from '../../src/outbox/outbox-folder.ts'
import { Outbox, type Submission } from '../../src/outbox/outbox.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'

const result = (uuid: string): TaskResult => countResult({ uuid, collection: 'c' }, 20)
const accepted: Submission = { outcome: 'accepted', requestId: 'r', status: 200 }

const rejection = (status: number, kind: TaskApiErrorKind, retryAfterMs?: number) =>
  new TaskApiError(`responded with ${String(status)}`, {
    kind,
    code: `HTTP_${String(status)}`,
    status,
    requestId: 'r',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

function outboxOver(
  submit: (result: TaskResult, signal: AbortSignal) => Promise<Submission>,
  options: { folder?: OutboxFolder; clock?: JumpingClock; maxWaiting?: number } = {},
) {
  const clock = options.clock ?? new JumpingClock()
  const { log, lines } = recordingLog()
  const outbox = new Outbox({
    submit,
    clock,
    log,
    random: () => 0,
    resultUrl: (taskId) => `https://relay/task/result/${taskId}/[REDACTED]`,
    initialBackoffMs: 5000,
    maxBackoffMs: 60_000,
    retryForMs: 7_200_000,
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
  })
  return { outbox, clock, lines, messages: () => lines.map(({ msg }) => msg) }
}

const empty = (outbox: Outbox) => expect.poll(() => outbox.size).toBe(0)

/** A `submit` that fails with each of `failures` in order and then succeeds. */
function failing(...failures: readonly Error[]) {
  const left = [...failures]
  return (): Promise<Submission> => {
    const failure = left.shift()
    return failure === undefined ? Promise.resolve(accepted) : Promise.reject(failure)
  }
}

describe('submission of results', () => {
  it('submits a result and logs it', async () => {
    const { outbox, lines } = outboxOver(failing())
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(lines).toMatchObject([
      { msg: 'result submitted', taskId: 'a', requestId: 'r', status: 200, level: 30 },
    ])
  })

  it.each([
    [401, 'authentication'],
    [403, 'authentication'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [302, 'invalid-response'],
  ] as const)('retries after %i', async (status, kind) => {
    const { outbox, messages, clock } = outboxOver(
      failing(rejection(status, kind), rejection(status, kind)),
    )
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual([
      'result submission failed',
      'result submission failed',
      'result submitted',
    ])
    expect(clock.sleeps).toEqual([5000, 10_000])
  })

  it('retries if the connection breaks', async () => {
    const broken = new TaskApiError('broken', {
      kind: 'transport',
      code: 'ECONNRESET',
      requestId: 'r',
    })
    const { outbox, messages } = outboxOver(failing(broken))
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['result submission failed', 'result submitted'])
  })

  it('obeys Retry-After', async () => {
    const { outbox, clock } = outboxOver(failing(rejection(429, 'unavailable', 90_000)))
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(clock.sleeps).toEqual([90_000])
  })

  it.each([404, 422])(
    'treats %i as final, and does not log the result as submitted',
    async (status) => {
      const { outbox, lines, messages } = outboxOver(failing(rejection(status, 'rejected')))
      await outbox.put('a', result('a'))
      await empty(outbox)
      expect(messages()).toEqual(['result rejected'])
      expect(lines[0]).toMatchObject({ level: 50, taskId: 'a', status })
    },
  )

  it('submits an error in place of a result that is too large for the relay', async () => {
    const sent: TaskResult[] = []
    const { outbox, lines } = outboxOver((result) => {
      sent.push(result)
      return sent.length === 1
        ? Promise.reject(rejection(413, 'rejected'))
        : Promise.resolve(accepted)
    })
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(lines).toMatchObject([
      { msg: 'result rejected', taskId: 'a', status: 413 },
      { msg: 'result lost', level: 50, taskId: 'a' },
      { msg: 'result submitted', taskId: 'a' },
    ])
    expect(sent[1]).toMatchObject({ uuid: 'a', collection_id: 'c', status: 'error' })
    expect(sent[1]?.message).toContain('larger than the relay accepts')
  })

  it('discards the error too if the relay rejects it as too large', async () => {
    const tooLarge = rejection(413, 'rejected')
    const { outbox, messages } = outboxOver(() => Promise.reject(tooLarge))
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['result rejected', 'result lost', 'result rejected', 'result lost'])
  })

  it('treats 409 as final, because the relay already has a result', async () => {
    const { outbox, lines } = outboxOver(() =>
      Promise.resolve({ outcome: 'already-answered', requestId: 'r', status: 409 }),
    )
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(lines).toMatchObject([{ msg: 'result rejected', level: 50, taskId: 'a', status: 409 }])
  })

  it('discards a result after the retry time, and logs the task', async () => {
    const { outbox, clock, lines } = outboxOver(() => Promise.reject(rejection(503, 'unavailable')))
    const start = clock.now()
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(clock.now() - start).toBeGreaterThan(7_000_000)
    expect(clock.now() - start).toBeLessThanOrEqual(7_200_000)
    expect(lines.at(-1)).toMatchObject({ msg: 'result lost', level: 50, taskId: 'a' })
    expect(lines.filter(({ msg }) => msg === 'result submission failed').length).toBeLessThan(130)
  })

  it('submits a few results at a time if many are waiting', async () => {
    let now = 0
    let max = 0
    const gate = Promise.withResolvers<void>()
    const { outbox } = outboxOver(async () => {
      now += 1
      max = Math.max(max, now)
      await gate.promise
      now -= 1
      return accepted
    })
    for (let index = 0; index < 20; index += 1) {
      await outbox.put(String(index), result(String(index)))
    }
    expect(max).toBe(4)
    gate.resolve()
    await empty(outbox)
    expect(max).toBe(4)
  })

  it('reports when it is full', async () => {
    const { outbox } = outboxOver(() => new Promise(() => {}), { maxWaiting: 2 })
    await outbox.put('a', result('a'))
    expect(outbox.isFull).toBe(false)
    await outbox.put('b', result('b'))
    expect(outbox.isFull).toBe(true)
    expect(outbox.has('b')).toBe(true)
  })

  it('submits a result once if it is put twice', async () => {
    let requests = 0
    const gate = Promise.withResolvers<Submission>()
    const { outbox } = outboxOver(() => {
      requests += 1
      return gate.promise
    })
    await outbox.put('a', result('a'))
    await outbox.put('a', result('a'))
    gate.resolve(accepted)
    await empty(outbox)
    expect(requests).toBe(1)
  })
})

describe('closing the outbox', () => {
  it('submits once more without a pause, and logs lost results', async () => {
    let requests = 0
    const asleep = Promise.withResolvers<void>()
    const clock = new JumpingClock()
    clock.sleep = (_ms, signal) => {
      asleep.resolve()
      return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
    }
    const { outbox, lines } = outboxOver(
      () => {
        requests += 1
        return Promise.reject(rejection(503, 'unavailable'))
      },
      { clock },
    )
    await outbox.put('a', result('a'))
    await asleep.promise
    await outbox.close(1000)
    expect(requests).toBe(2)
    expect(lines.at(-1)).toMatchObject({ msg: 'result lost', taskId: 'a' })
  })

  it('aborts a request that hangs', async () => {
    const { outbox, messages } = outboxOver(
      (_result, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('cut', 'AbortError')))
        }),
    )
    await outbox.put('a', result('a'))
    await outbox.close(20)
    expect(messages()).toEqual(['result submission failed', 'result lost'])
  })
})

describe('an outbox with a folder', () => {
  let path = ''
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'warren-outbox-'))
  })
  afterEach(async () => {
    close()
    await rm(path, { recursive: true })
  })

  const opened: OutboxFolder[] = []
  const close = () => opened.splice(0).forEach((folder) => folder[Symbol.dispose]())
  const open = async (maxBytes = 1_000_000): Promise<OutboxFolder> => {
    const folder = await OutboxFolder.open(path, { maxBytes })
    opened.push(folder)
    return folder
  }
  const files = async () => (await readdir(path)).filter((name) => name !== 'lock').toSorted()

  it('has a result on disk when put returns, and not after its submission', async () => {
    const gate = Promise.withResolvers<Submission>()
    const { outbox } = outboxOver(() => gate.promise, { folder: await open() })
    await outbox.put('a', result('a'))
    expect(await files()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.json$/)])
    gate.resolve(accepted)
    await empty(outbox)
    expect(await files()).toEqual([])
  })

  it('submits the results of an earlier process', async () => {
    const earlier = outboxOver(() => new Promise(() => {}), { folder: await open() })
    await earlier.outbox.put('a', result('a'))
    await earlier.outbox.put('b', result('b'))
    close()

    const sent: TaskResult[] = []
    const { outbox, lines } = outboxOver(
      (result) => {
        sent.push(result)
        return Promise.resolve(accepted)
      },
      { folder: await open() },
    )
    await outbox.restore()
    await empty(outbox)
    expect(sent.toSorted((a, b) => a.uuid.localeCompare(b.uuid))).toEqual([
      result('a'),
      result('b'),
    ])
    expect(lines[0]).toMatchObject({ msg: 'outbox restored', results: 2 })
    expect(await files()).toEqual([])
  })

  it('logs results that expired while no bunny was running', async () => {
    const earlier = outboxOver(() => new Promise(() => {}), { folder: await open() })
    await earlier.outbox.put('a', result('a'))
    close()
    const clock = new JumpingClock()
    clock.advance(7_200_001)
    const { outbox, lines } = outboxOver(failing(), { folder: await open(), clock })
    await outbox.restore()
    expect(outbox.size).toBe(0)
    expect(lines).toMatchObject([{ msg: 'result lost', taskId: 'a' }])
    expect(await files()).toEqual([])
  })

  it('keeps results that could not be submitted before a stop', async () => {
    const { outbox, messages } = outboxOver(() => Promise.reject(rejection(503, 'unavailable')), {
      folder: await open(),
    })
    const put = outbox.put('a', result('a'))
    await outbox.close(1000)
    await put
    await outbox.close(1000)
    expect(messages()).not.toContain('result lost')
    expect(await files()).toHaveLength(1)
  })

  it('keeps unreadable files and logs them, and removes drafts', async () => {
    await writeFile(join(path, 'half.json'), '{"format":1,')
    await writeFile(join(path, 'other.json'), '{"format":2}')
    await writeFile(join(path, 'x.json.draft'), '{')
    await writeFile(join(path, 'notes.txt'), 'hello')
    const { outbox, lines } = outboxOver(failing(), { folder: await open() })
    await outbox.restore()
    expect(lines.map(({ msg, file }) => `${msg}: ${String(file)}`).toSorted()).toEqual([
      'outbox failure: half.json',
      'outbox failure: other.json',
    ])
    expect(await files()).toEqual(['half.json', 'notes.txt', 'other.json'])
  })

  it('submits a result even if the folder is full', async () => {
    const { outbox, messages } = outboxOver(failing(), { folder: await open(50) })
    await outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['outbox failure', 'result submitted'])
    expect(await files()).toEqual([])
  })

  it('does not use the uuid of a task as a path', async () => {
    const { outbox } = outboxOver(() => new Promise(() => {}), { folder: await open() })
    await outbox.put('["../../etc/passwd","c"]', result('../../etc/passwd'))
    expect(await files()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.json$/)])
  })

  it('is readable by its owner only', async () => {
    const inner = join(path, 'made')
    using folder = await OutboxFolder.open(inner, { maxBytes: 1_000_000 })
    await folder.write({ key: 'a', solvedAt: 0, result: result('a') })
    const modes = ['.', ...(await readdir(inner))].map(
      async (name) => (await stat(join(inner, name))).mode & 0o777,
    )
    expect(await Promise.all(modes)).toEqual([0o700, 0o600, 0o600])
  })

  it('belongs to one bunny at a time', async () => {
    await open()
    const second = await open().catch((error: unknown) => error)
    expect(second).toBeInstanceOf(ProgramError)
    expect(second).toMatchObject({ message: expect.stringContaining(path), exitCode: 69 })
    close()
    await open()
  })

  it('can be used again after its process is killed', async () => {
    const source = new URL('../../src/outbox/outbox-folder.ts', import.meta.url).href
    const program = `
      const { OutboxFolder } = await import(${JSON.stringify(source)})
      const folder = await OutboxFolder.open(${JSON.stringify(path)}, { maxBytes: 1 })
      process.stdout.write('open')
      setInterval(() => folder, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect(open()).rejects.toThrow('another bunny')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await open()
  })
})
