import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ProgramError } from '@warren/runtime'
import { countResult, serializeResult } from '@warren/task-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openState, type StateOptions } from '../../src/outbox/open-state.ts'
import { openStateFolder } from '../../src/outbox/state-folder.ts'
import { defaultStateFolders } from '../../src/outbox/state-path.ts'
import { recordingLog } from '../support/log-lines.ts'

const result = (uuid: string) => countResult({ uuid, collection: 'c' }, 20)

let path = ''
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'warren-state-'))
})
afterEach(async () => {
  await rm(path, { recursive: true })
})

const options = () => {
  const { log, lines } = recordingLog()
  return { validFor: 'p', maxBytes: 10_000_000, log, lines, now: 7 }
}

async function leaveResult(uuid: string, validFor = 'p'): Promise<void> {
  using state = await openStateFolder(path, { ...options(), validFor })
  state.store.solve({ key: uuid, solvedAt: 1, result: result(uuid) })
}

const waiting = async (more: object = {}) => {
  using state = await openStateFolder(path, { ...options(), ...more })
  return state.store.unsubmitted(1).results.map(({ result }) => result.uuid)
}

describe('the state folder', () => {
  it('keeps tasks and results for the next process', async () => {
    await leaveResult('a')
    expect(await waiting()).toEqual(['a'])
  })

  it('is readable by its owner only', async () => {
    const folder = join(path, 'made')
    using state = await openStateFolder(folder, options())
    state.store.solve({ key: 'a', solvedAt: 0, result: result('a') })
    const names = ['.', ...(await readdir(folder))]
    const modes = names.map(async (name) => (await stat(join(folder, name))).mode & 0o777)
    expect(new Set((await Promise.all(modes)).slice(1))).toEqual(new Set([0o600]))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  it('belongs to one bunny at a time', async () => {
    const first = await openStateFolder(path, options())
    const second = await openStateFolder(path, options()).catch((error: unknown) => error)
    expect(second).toBeInstanceOf(ProgramError)
    expect(second).toMatchObject({ message: expect.stringContaining(path), exitCode: 69 })
    first[Symbol.dispose]()
    ;(await openStateFolder(path, options()))[Symbol.dispose]()
  })

  it('can be used again after its process is killed in the middle of writing', async () => {
    const source = new URL('../../src/outbox/state-folder.ts', import.meta.url).href
    const program = `
      const { openStateFolder } = await import(${JSON.stringify(source)})
      const { store } = await openStateFolder(${JSON.stringify(path)}, { validFor: 'p', maxBytes: 10_000_000, now: 1 })
      for (let n = 0; ; n += 1) {
        store.receive({ key: String(n), uuid: String(n), kind: 'availability', receivedAt: n, body: 'x'.repeat(1000) })
        if (n === 5) process.stdout.write('open')
        if (n > 20) { store.remove(String(n - 20)) }
        await new Promise((resolve) => setImmediate(resolve))
      }`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect(openStateFolder(path, options())).rejects.toThrow('another bunny')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const own = options()
    using state = await openStateFolder(path, own)
    expect(state.store.unsolved(0).tasks.length).toBeGreaterThan(5)
    expect(own.lines).toEqual([])
  })

  it.each([
    ['not SQLite', (file: string) => writeFile(file, 'x'.repeat(5000))],
    [
      'with damaged pages',
      async (file: string) => {
        const bytes = await readFile(file)
        bytes.fill(0xff, 4096)
        await writeFile(file, bytes)
      },
    ],
    [
      'of a newer version',
      async (file: string) => {
        const database = new DatabaseSync(file)
        database.exec('PRAGMA user_version = 99')
        database.close()
        return Promise.resolve()
      },
    ],
    [
      'with another schema',
      async (file: string) => {
        await rm(file)
        const database = new DatabaseSync(file)
        database.exec('CREATE TABLE task (id INTEGER)')
        database.close()
      },
    ],
  ])('sets a file aside that is %s, and says so', async (_what, damage) => {
    await leaveResult('a')
    await damage(join(path, 'tasks.sqlite'))
    const own = options()
    using state = await openStateFolder(path, own)
    state.store.solve({ key: 'b', solvedAt: 1, result: result('b') })
    expect(own.lines).toMatchObject([
      { msg: 'outbox failure', level: 50, file: join(path, 'tasks.sqlite.damaged-7') },
    ])
    expect(await readdir(path)).toContain('tasks.sqlite.damaged-7')
  })

  it('sets a row aside that cannot be read, and uses the others', async () => {
    await leaveResult('a')
    await leaveResult('b')
    const database = new DatabaseSync(join(path, 'tasks.sqlite'))
    database.exec(`UPDATE task SET result = '{' WHERE key = 'a'`)
    database.close()
    using state = await openStateFolder(path, options())
    const { results, bad } = state.store.unsubmitted(1)
    expect(results.map(({ key }) => key)).toEqual(['b'])
    expect(bad).toMatchObject([{ uuid: 'a' }])
    expect(state.store.unsubmitted(1).bad).toEqual([])
  })

  it('reads the results of Warren 0.1, removes its drafts and keeps what it cannot read', async () => {
    const stored = { format: 1, key: '["old","c"]', solvedAt: 1 }
    const text = JSON.stringify({ ...stored, result: JSON.parse(serializeResult(result('old'))) })
    await writeFile(join(path, '0123.json'), text)
    await writeFile(join(path, 'half.json'), '{"format":1,')
    await writeFile(join(path, 'other.json'), '{"format":2}')
    await writeFile(join(path, 'x.json.draft'), '{')
    const own = options()
    {
      using state = await openStateFolder(path, own)
      expect(state.store.unsubmitted(1).results).toMatchObject([{ key: '["old","c"]' }])
    }
    expect(own.lines.map(({ msg, file }) => `${msg}: ${String(file)}`).toSorted()).toEqual([
      'outbox failure: half.json',
      'outbox failure: other.json',
    ])
    const files = (await readdir(path)).filter((name) => name.includes('.json'))
    expect(files.toSorted()).toEqual(['half.json', 'other.json'])
    expect(await waiting()).toEqual(['old'])
  })

  it('solves a task again if its stored result is for another threshold', async () => {
    {
      using state = await openStateFolder(path, options())
      for (const key of ['waiting', 'answered']) {
        state.store.receive({ key, uuid: key, kind: 'availability', receivedAt: 1, body: {} })
        state.store.solve({ key, solvedAt: 1, result: result(key) })
      }
      state.store.answer('answered', 1, true)
    }
    using state = await openStateFolder(path, { ...options(), validFor: 'another' })
    expect(state.store.unsubmitted(1).results).toEqual([])
    expect(state.store.unsolved(1).tasks).toMatchObject([{ key: 'waiting' }])
    expect(state.store.find('answered', 1)).toBeUndefined()
  })
})

const identity = { relay: 'https://relay.example.org', collectionId: 'secret', type: undefined }

describe('the default state folder', () => {
  it('follows the conventions of the platform', () => {
    const env = { STATE_DIRECTORY: '/var/lib/a:/var/lib/b', XDG_STATE_HOME: '/x', HOME: '/home/u' }
    const bases = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv) =>
      defaultStateFolders(env, identity, platform).map((folder) => join(folder, '..'))
    expect(bases('linux', env)).toEqual([
      '/var/lib/a',
      '/x/warren-bunny',
      '/home/u/.local/state/warren-bunny',
      '/var/lib/warren-bunny',
    ])
    expect(bases('linux', {})).toEqual(['/var/lib/warren-bunny'])
    expect(bases('linux', { XDG_STATE_HOME: 'relative' })).toEqual(['/var/lib/warren-bunny'])
    expect(bases('darwin', env).at(-1)).toBe('/home/u/Library/Application Support/warren-bunny')
  })

  it('is another one for each bunny, and does not contain the collection ID', () => {
    const [folder] = defaultStateFolders({ HOME: '/h' }, identity, 'linux')
    const [other] = defaultStateFolders({ HOME: '/h' }, { ...identity, type: 'a' }, 'linux')
    expect(folder).not.toBe(other)
    expect(folder).not.toContain('secret')
  })
})

describe('opening the state', () => {
  const open = (more: Partial<StateOptions>) => {
    const own = options()
    const opening = openState({
      ...own,
      mode: 'auto',
      folder: undefined,
      defaultFolders: [],
      ...more,
    })
    return { opening, lines: own.lines }
  }
  /** A file, which no folder can be created below, not even by root. */
  const unusable = '/dev/null/state'

  it('uses the first default folder that can be used', async () => {
    const folder = join(path, 'second')
    const { opening, lines } = open({ defaultFolders: [unusable, folder, join(path, 'third')] })
    using state = await opening
    expect(state.folder).toBe(folder)
    expect(lines).toEqual([])
  })

  it('is in memory, with a warning, if no default folder can be used', async () => {
    const { opening, lines } = open({ defaultFolders: [unusable] })
    using state = await opening
    expect(state.folder).toBeUndefined()
    expect(lines).toMatchObject([
      { msg: 'state in memory only', level: 40, reason: expect.stringContaining(unusable) },
    ])
  })

  it('is in memory without a warning if that is configured', async () => {
    const { opening, lines } = open({ mode: 'memory', defaultFolders: [path] })
    using state = await opening
    expect(state.folder).toBeUndefined()
    expect(lines).toEqual([])
  })

  it.each([
    ['the configured folder', { folder: unusable }],
    ['a folder is required and none', { mode: 'disk', defaultFolders: [unusable] }],
    ['a folder is required and none is known and none', { mode: 'disk' }],
  ] as const)('rejects the configuration if %s can be used', async (_what, more) => {
    await expect(open(more).opening).rejects.toMatchObject({ exitCode: 78 })
  })

  it('warns and does not share a default folder that another bunny uses', async () => {
    using first = await open({ defaultFolders: [path] }).opening
    const { opening, lines } = open({ defaultFolders: [path, join(path, 'other')] })
    using second = await opening
    expect([first.folder, second.folder]).toEqual([path, undefined])
    expect(lines).toMatchObject([{ reason: expect.stringContaining('another bunny') }])
  })
})
