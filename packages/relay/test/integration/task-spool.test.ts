import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { StoreError } from '../../src/store/store-error.ts'
import { TaskIntake } from '../../src/upstream/task-intake.ts'
import { TaskSpool } from '../../src/upstream/task-spool.ts'
import { addNodes, NOW, recordingLog, sqliteBench, type StoreBench } from './store-bench.ts'
import { openTaskService, upstreamTask, type TaskBench } from './tasks-bench.ts'

let folder: string
let stores: StoreBench
let bench: TaskBench
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-spool-'))
  stores = await sqliteBench()
  bench = openTaskService(stores)
  await addNodes(bench.store, 1)
})
afterEach(async () => {
  await bench[Symbol.asyncDispose]()
  await stores[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const DOWN = new StoreError('admit a task', {
  code: 'ECONNREFUSED',
  text: 'down',
  unavailable: true,
  transient: false,
  affects: 'everything',
  waitingIsUseless: false,
  cause: new Error('down'),
})
const spoolFolder = () => join(folder, 'spool')
const NEVER = new AbortController().signal

/** Makes the files of the spool older than the time in which another process may be storing them. */
async function age(path: string): Promise<void> {
  const minuteAgo = new Date(Date.now() - 60_000)
  for (const name of await readdir(path)) await utimes(join(path, name), minuteAgo, minuteAgo)
}

function openIntake(
  log = recordingLog().log,
  admit: (...task: Parameters<TaskBench['taskService']['admit']>) => Promise<unknown> = (...task) =>
    bench.taskService.admit(...task),
) {
  return TaskIntake.open({
    folder: spoolFolder(),
    store: bench.store,
    taskService: { admit: admit as TaskBench['taskService']['admit'] },
    log,
    holdMs: 50,
  })
}

describe('a received task', () => {
  it('is on disk, readable only by its owner, until it is stored', async () => {
    let onDisk: string[] = []
    let mode = 0
    const intake = await openIntake(undefined, async (...task) => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      onDisk = await readdir(spoolFolder())
      mode = (await stat(join(spoolFolder(), onDisk[0]!))).mode & 0o777
      return bench.taskService.admit(...task)
    })
    expect(await intake.receive('national', upstreamTask(), NEVER)).toBe('new')
    expect(onDisk).toHaveLength(1)
    expect(mode).toBe(0o600)
    expect(await readdir(spoolFolder())).toEqual([])
    expect(intake.waiting).toBe(0)
  })

  it('that cannot be stored is stored later, also by another process, with its age', async () => {
    const { log, records } = recordingLog()
    const task = upstreamTask()
    const killed = await openIntake(log, () => Promise.reject(DOWN))
    expect(await killed.receive('national', task, NEVER)).toBe('not stored')
    expect(records).toMatchObject([{ msg: 'task spooled', taskId: task.uuid }])
    expect(killed.waiting).toBe(1)

    const next = await openIntake(log)
    expect(next.waiting).toBe(1)
    // The file may belong to a process that is storing it at this moment.
    await next.drain()
    expect(await stores.listTasks()).toEqual([])
    await age(spoolFolder())
    await next.drain()
    expect(await stores.listTasks()).toMatchObject([{ uuid: task.uuid }])
    const [stored] = await stores.listTasks()
    expect(stored?.receivedAt).toBeLessThanOrEqual(NOW)
    expect(await readdir(spoolFolder())).toEqual([])
    expect(records.at(-1)).toMatchObject({ msg: 'spooled task stored', taskId: task.uuid })
  })

  it('that can neither be stored nor spooled is lost, with its uuid in the log', async () => {
    const { log, records } = recordingLog()
    await writeFile(spoolFolder(), 'not a folder')
    const intake = await openIntake(log, () => Promise.reject(DOWN))
    const task = upstreamTask()
    await intake.receive('national', task, NEVER)
    expect(records.map(({ msg }) => msg)).toEqual(['spool not usable', 'task lost'])
    expect(records[1]).toMatchObject({ taskId: task.uuid, upstream: 'national' })
  })

  it('that the database rejects is set aside, and others are stored', async () => {
    const { log, records } = recordingLog()
    const poison = upstreamTask()
    const good = upstreamTask()
    const intake = await openIntake(log, async (upstream, body, ageMs) => {
      if ((body as { uuid: string }).uuid === poison.uuid) throw new Error('defect')
      return bench.taskService.admit(upstream, body, ageMs)
    })
    await intake.receive('national', poison, NEVER)
    await intake.receive('national', good, NEVER)
    expect(records).toMatchObject([{ msg: 'task lost', taskId: poison.uuid }])
    expect(await readdir(spoolFolder())).toEqual([expect.stringMatching(/\.failed$/)])
    await intake.drain()
    expect(records).toHaveLength(1)
    expect(await stores.listTasks()).toMatchObject([{ uuid: good.uuid }])
  })
})

describe('the spool', () => {
  it('is bounded in tasks and bytes', async () => {
    const spool = await TaskSpool.open(folder, { maxTasks: 2, maxBytes: 1_000 })
    const keep = (name: string, size: number) =>
      spool.keep({ name: `${name}.json`, upstream: 'n', receivedAt: 1, body: 'x'.repeat(size) })
    await keep('a', 10)
    await expect(keep('b', 1_000)).rejects.toThrow('the spool is full')
    await keep('b', 10)
    await expect(keep('c', 10)).rejects.toThrow('the spool is full')
    await spool.remove('a.json')
    await keep('c', 10)
    expect(spool.size).toBe(2)
  })

  it('removes a draft that a crash left incomplete, keeps a complete one, and ignores other files', async () => {
    await writeFile(join(folder, 'incomplete.json.draft'), '{')
    const complete = { upstream: 'n', receivedAt: 1, body: {} }
    await writeFile(join(folder, 'complete.json.draft'), JSON.stringify(complete))
    await writeFile(join(folder, 'README'), 'x')
    await age(folder)
    const spool = await TaskSpool.open(folder)
    expect(await spool.list()).toEqual(['complete.json'])
    expect(await spool.read('complete.json')).toEqual({ name: 'complete.json', ...complete })
    await spool.remove('complete.json')
    await spool.close()
    expect(await readdir(folder)).toEqual(['README'])
  })
})
