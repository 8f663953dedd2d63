import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  countResult,
  TaskApiError,
  type TaskApiErrorKind,
  type EncodedResult,
} from '@warren/task-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStateFolder } from '../../src/outbox/state-folder.ts'
import { Outbox, type Submission } from '../../src/outbox/outbox.ts'
import { TaskKeeper } from '../../src/outbox/task-keeper.ts'
import { TaskStore } from '../../src/outbox/task-store.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'

const result = (uuid: string): EncodedResult => countResult({ uuid, collection: 'c' }, 20)
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
  submit: (result: EncodedResult, signal: AbortSignal) => Promise<Submission>,
  options: { store?: TaskStore; clock?: JumpingClock; maxWaiting?: number } = {},
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
    tasks: new TaskKeeper({
      store: options.store ?? new TaskStore(':memory:', { validFor: '', maxBytes: 1_000_000 }),
      survivesCrash: options.store !== undefined,
      clock,
      log,
    }),
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
    outbox.put('a', result('a'))
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
    outbox.put('a', result('a'))
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
    outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['result submission failed', 'result submitted'])
  })

  it('obeys Retry-After', async () => {
    const { outbox, clock } = outboxOver(failing(rejection(429, 'unavailable', 90_000)))
    outbox.put('a', result('a'))
    await empty(outbox)
    expect(clock.sleeps).toEqual([90_000])
  })

  it.each([404, 422])(
    'treats %i as final, and does not log the result as submitted',
    async (status) => {
      const { outbox, lines, messages } = outboxOver(failing(rejection(status, 'rejected')))
      outbox.put('a', result('a'))
      await empty(outbox)
      expect(messages()).toEqual(['result rejected'])
      expect(lines[0]).toMatchObject({ level: 50, taskId: 'a', status })
    },
  )

  it('submits an error in place of a result that is too large for the relay', async () => {
    const sent: EncodedResult[] = []
    const { outbox, lines } = outboxOver((result) => {
      sent.push(result)
      return sent.length === 1
        ? Promise.reject(rejection(413, 'rejected'))
        : Promise.resolve(accepted)
    })
    outbox.put('a', result('a'))
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
    outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['result rejected', 'result lost', 'result rejected', 'result lost'])
  })

  it('treats 409 as success after a response was lost', async () => {
    let requests = 0
    const { outbox, messages } = outboxOver(() => {
      requests += 1
      return requests === 1
        ? Promise.reject(
            new TaskApiError('cut', { kind: 'transport', code: 'ECONNRESET', requestId: 'r' }),
          )
        : Promise.resolve({ outcome: 'already-answered', requestId: 'r', status: 409 })
    })
    outbox.put('a', result('a'))
    await empty(outbox)
    expect(messages()).toEqual(['result submission failed', 'result submitted'])
  })

  it('treats 409 as a rejection if it answers the first submission', async () => {
    const { outbox, lines } = outboxOver(() =>
      Promise.resolve({ outcome: 'already-answered', requestId: 'r', status: 409 }),
    )
    outbox.put('a', result('a'))
    await empty(outbox)
    expect(lines).toMatchObject([{ msg: 'result rejected', level: 50, taskId: 'a', status: 409 }])
  })

  it('discards a result after the retry time, and logs the task', async () => {
    const { outbox, clock, lines } = outboxOver(() => Promise.reject(rejection(503, 'unavailable')))
    const start = clock.now()
    outbox.put('a', result('a'))
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
      outbox.put(String(index), result(String(index)))
    }
    expect(max).toBe(4)
    gate.resolve()
    await empty(outbox)
    expect(max).toBe(4)
  })

  it('reports when it is full', async () => {
    const { outbox } = outboxOver(() => new Promise(() => {}), { maxWaiting: 2 })
    outbox.put('a', result('a'))
    expect(outbox.isFull).toBe(false)
    outbox.put('b', result('b'))
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
    outbox.put('a', result('a'))
    outbox.put('a', result('a'))
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
    outbox.put('a', result('a'))
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
    outbox.put('a', result('a'))
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

  const opened: Disposable[] = []
  const close = () => opened.splice(0).forEach((folder) => folder[Symbol.dispose]())
  const open = async (maxBytes = 1_000_000): Promise<TaskStore> => {
    const { log } = recordingLog()
    const state = await openStateFolder(path, { validFor: '', maxBytes, log, now: 1 })
    opened.push(state)
    return state.store
  }
  const waiting = (store: TaskStore) =>
    store.unsubmitted(0).results.map(({ result }) => result.uuid)

  it('has a result on disk when put returns, and not after its submission', async () => {
    const gate = Promise.withResolvers<Submission>()
    const store = await open()
    const { outbox } = outboxOver(() => gate.promise, { store })
    outbox.put('a', result('a'))
    expect(waiting(store)).toEqual(['a'])
    gate.resolve(accepted)
    await empty(outbox)
    expect(waiting(store)).toEqual([])
  })

  it('submits the results of an earlier process', async () => {
    const earlier = outboxOver(() => new Promise(() => {}), { store: await open() })
    earlier.outbox.put('a', result('a'))
    earlier.outbox.put('b', result('b'))
    close()

    const sent: EncodedResult[] = []
    const { outbox, lines } = outboxOver(
      (result) => {
        sent.push(result)
        return Promise.resolve(accepted)
      },
      { store: await open() },
    )
    outbox.restore()
    await empty(outbox)
    expect(sent.toSorted((a, b) => a.uuid.localeCompare(b.uuid))).toEqual([
      result('a'),
      result('b'),
    ])
    expect(lines[0]).toMatchObject({ msg: 'outbox restored', results: 2 })
  })

  it('logs results that expired while no bunny was running', async () => {
    const earlier = outboxOver(() => new Promise(() => {}), { store: await open() })
    earlier.outbox.put('a', result('a'))
    close()
    const clock = new JumpingClock()
    clock.advance(7_200_001)
    const { outbox, lines } = outboxOver(failing(), { store: await open(), clock })
    outbox.restore()
    expect(outbox.size).toBe(0)
    expect(lines).toMatchObject([{ msg: 'result lost', taskId: 'a' }])
  })

  it('keeps results that could not be submitted before a stop', async () => {
    const { outbox, messages } = outboxOver(() => Promise.reject(rejection(503, 'unavailable')), {
      store: await open(),
    })
    outbox.put('a', result('a'))
    await outbox.close(1000)
    expect(messages()).not.toContain('result lost')
    close()
    expect(waiting(await open())).toEqual(['a'])
  })

  it('treats 409 as success after a restart, because the first response may have been lost', async () => {
    const earlier = outboxOver(() => new Promise(() => {}), { store: await open() })
    earlier.outbox.put('a', result('a'))
    close()
    const { outbox, lines } = outboxOver(
      () => Promise.resolve({ outcome: 'already-answered', requestId: 'r', status: 409 }),
      { store: await open() },
    )
    outbox.restore()
    await empty(outbox)
    expect(lines.at(-1)).toMatchObject({ msg: 'result submitted', level: 30, status: 409 })
  })

  it('submits a result even if the file is full, and logs it once', async () => {
    const { outbox, messages } = outboxOver(failing(), { store: await open(50) })
    const large = (uuid: string) => ({ ...result(uuid), message: 'x'.repeat(200_000) })
    outbox.put('a', large('a'))
    outbox.put('b', large('b'))
    await empty(outbox)
    expect(messages()).toEqual([
      'outbox failure',
      'result submitted',
      'outbox recovered',
      'result submitted',
    ])
  })
})
