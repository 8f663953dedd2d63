import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileText, type EncodedResult } from '@warren/task-api'
import { until } from '@warren/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditEntrySchema, type AuditEntry } from '../../src/audit/audit-entry.ts'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import { HeldFolder } from '../../src/held/held-folder.ts'
import type { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { bunnyHere } from '../support/command-line.ts'
import { COLLECTION, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'

let source: DuckDbSource
beforeAll(async () => {
  const hospital = await duckDbHospital()
  source = hospital.source
  const connection = await hospital.instance.connect()
  await connection.run(
    'CREATE TABLE concept_ancestor (ancestor_concept_id integer, descendant_concept_id integer)',
  )
  // Asthma is below 4000, and so is cough.
  await connection.run(
    'INSERT INTO concept_ancestor VALUES (4000, 317009), (4000, 254761), (4000, 4000)',
  )
  connection.closeSync()
})
afterAll(() => source[Symbol.asyncDispose]())

let folder = ''
let env: Record<string, string> = {}
let policyPath = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-site-'))
  policyPath = join(folder, 'policy.yaml')
  env = { BUNNY_STATE_DIR: join(folder, 'state'), BUNNY_POLICY_FILE: policyPath }
  await setPolicy({})
})
afterEach(() => rm(folder, { recursive: true }))

const setPolicy = (policy: object): Promise<void> =>
  writeFile(policyPath, JSON.stringify({ version: 1, ...policy }))
const auditFolder = (): string => join(folder, 'state', 'audit')
const entries = async (): Promise<AuditEntry[]> =>
  (await readFile(join(auditFolder(), 'audit.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => auditEntrySchema.parse(JSON.parse(line)))
const questions = async () => (await entries()).filter((entry) => 'asker' in entry)
const men = (uuid: string) => availability([person('8507')], { uuid, collection: COLLECTION })
const cough = (uuid: string) => availability([rule('254761')], { uuid, collection: COLLECTION })
const generic = (uuid: string) => distribution('GENERIC', { uuid, collection: COLLECTION })
const resultOf = (api: ScriptedTaskApi, uuid: string): EncodedResult | undefined =>
  api.results.find((result) => result.uuid === uuid)
const messageOf = async (api: ScriptedTaskApi, uuid: string): Promise<string> =>
  (await until(() => resultOf(api, uuid))).message ?? ''

describe('the audit record of a daemon', () => {
  it('says who asked what, and what left, before it is sent', async () => {
    await using api = await ScriptedTaskApi.start()
    {
      await using _ = await runBunny(api, source, env)
      api.queue(
        men('m'),
        generic('g'),
        { uuid: 'broken', cohort: 1 },
        distribution('PHEWAS', { uuid: 'p', collection: COLLECTION }),
      )
      await until(() => api.posts.length === 4)
    }
    const recorded = await questions()
    expect(recorded.map(({ taskId, event }) => `${taskId} ${event}`).toSorted()).toEqual([
      'broken not answerable',
      'g answered',
      'm answered',
      'p not answerable',
    ])
    const m = recorded.find(({ taskId }) => taskId === 'm')
    expect(m).toMatchObject({
      asker: {
        owner: 'user1',
        project: 'project_id',
        collection: COLLECTION,
        hub: `127.0.0.1:${api.port}`,
      },
      question: { kind: 'availability', words: 'How many: men' },
      left: { status: 'ok', count: 30, files: [] },
      policy: { threshold: 10, nearest: 10 },
    })
    const g = recorded.find(({ taskId }) => taskId === 'g')
    const rows = resultOf(api, 'g')?.queryResult.count
    expect(g?.left?.files[0]).toMatchObject({ name: 'code.distribution', rows })
    // The true number of men is 32.
    expect(await readFile(join(auditFolder(), 'audit.jsonl'), 'utf8')).not.toMatch(/"count":32\b/)
    expect((await entries()).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['started', 'stopped']),
    )
    expect((await verifyAudit(auditFolder())).problemCount).toBe(0)
  })

  it('has an entry for a result that is sent once more', async () => {
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, env)
    api.queue(men('m'))
    await until(() => api.posts.length === 1)
    await until(async () => (await questions()).length === 1)
    api.queue(men('m'))
    await until(() => api.posts.length === 2)
    expect((await questions()).map(({ event }) => event)).toEqual(['answered', 'answered again'])
  })

  it.each([
    ['refuse', 'error', /could not record the question/],
    ['answer', 'ok', /^$/],
  ])(
    'on failure: %s',
    async (onFailure, status, message) => {
      // A write to this device fails like a write to a full disk.
      await mkdir(auditFolder(), { recursive: true })
      await symlink('/dev/full', join(auditFolder(), 'audit.jsonl'))
      await using api = await ScriptedTaskApi.start()
      await using bunny = await runBunny(api, source, { ...env, BUNNY_AUDIT_ON_FAILURE: onFailure })
      api.queue(men('m'))
      const result = await until(() => resultOf(api, 'm'))
      expect(result.status).toBe(status)
      expect(result.message).toMatch(message)
      expect(bunny.events).toContain('audit failure')
    },
    120_000,
  )

  it('is kept by one bunny at a time', async () => {
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, env)
    const other = { BUNNY_AUDIT_DIR: auditFolder() }
    await expect(runBunny(api, source, other)).rejects.toThrow(/another bunny uses the folder/)
  })
})

describe('the policy of a site', () => {
  it('refuses with a reason, and answers again when it changes', async () => {
    await setPolicy({ allow: ['GENERIC'] })
    await using api = await ScriptedTaskApi.start()
    await using bunny = await runBunny(api, source, env)
    api.queue(men('1'))
    expect(await messageOf(api, '1')).toBe(
      'This site does not answer tasks of the kind AVAILABILITY.',
    )
    await writeFile(policyPath, '{"version": 1, "alow": []}')
    api.queue(men('2'))
    expect(await messageOf(api, '2')).toMatch(/AVAILABILITY/)
    expect(bunny.lines.find(({ msg }) => msg === 'policy invalid')?.['reason']).toMatch(
      /policy\.yaml:1:16: unknown member "alow": did you mean allow\?/,
    )
    await setPolicy({})
    api.queue(men('3'))
    expect((await until(() => resultOf(api, '3'))).queryResult.count).toBe(30)
    expect((await entries()).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['refused', 'policy invalid', 'policy changed', 'answered']),
    )
  })

  it('denies a concept with its descendants, in questions and in distributions', async () => {
    await setPolicy({ deny: { concepts: [4000] } })
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, env)
    api.queue(
      cough('c'),
      men('m'),
      generic('g'),
      distribution('ICD-MAIN', { uuid: 'i', collection: COLLECTION }),
    )
    expect(await messageOf(api, 'c')).toBe(
      'This site does not answer questions about concept 254761.',
    )
    expect(await messageOf(api, 'i')).toMatch(/ICD-MAIN/)
    expect((await until(() => resultOf(api, 'm'))).queryResult.count).toBe(30)
    const { queryResult } = await until(() => resultOf(api, 'g'))
    const text = queryResult.files.map((file) => fileText(file))[0] ?? ''
    expect(text).toContain('OMOP:8507')
    expect(text).not.toMatch(/254761|317009/)
    expect(queryResult.count).toBe(text.split('\n').length - 1)
  })

  it('counts questions for its limits over a restart, and a repeated task once', async () => {
    await setPolicy({ limits: { perOwner: { perDay: 2 } } })
    await using api = await ScriptedTaskApi.start()
    {
      await using _ = await runBunny(api, source, env)
      api.queue(men('1'), men('2'))
      await until(() => api.posts.length === 2)
    }
    await using _ = await runBunny(api, source, env)
    api.queue(men('2'), men('3'))
    expect(await messageOf(api, '3')).toMatch(/2 questions per owner and day: the limit is reached/)
    const repeated = api.results.filter(({ uuid }) => uuid === '2')
    expect(repeated.map(({ status }) => status)).not.toContain('error')
  })

  it('notices many similar questions of one owner', async () => {
    await setPolicy({ similarQuestions: { limit: 2 } })
    await using api = await ScriptedTaskApi.start()
    await using bunny = await runBunny(api, source, env)
    for (const [index, concept] of ['254761', '317009', '4242'].entries()) {
      api.queue(
        availability([person('8507'), rule(concept)], {
          uuid: `s${index}`,
          collection: COLLECTION,
        }),
      )
      await until(() => resultOf(api, `s${index}`))
    }
    expect(bunny.lines.filter(({ msg }) => msg === 'similar questions')).toHaveLength(1)
    expect((await questions()).map(({ warning }) => warning)).toEqual([
      undefined,
      undefined,
      '2 earlier questions of this owner in 24 hours differ from this one in one rule',
    ])
  })

  it('stops the start if the policy file is not valid', async () => {
    await writeFile(policyPath, 'version: 1\nallow: GENERIC\n')
    await using api = await ScriptedTaskApi.start()
    await expect(runBunny(api, source, env)).rejects.toThrow(
      /BUNNY_POLICY_FILE: .*policy\.yaml:2:8/,
    )
  })
})

describe('a held question', () => {
  const held = () => new HeldFolder(join(folder, 'state', 'policy', 'held'))
  const command = (...args: string[]) => bunnyHere(['held', ...args], { env })

  it('waits without blocking others, and is answered when an operator releases it', async () => {
    await setPolicy({ hold: [{ concepts: [254761] }] })
    await using api = await ScriptedTaskApi.start()
    await using bunny = await runBunny(api, source, {
      ...env,
      SOLVE_CONCURRENCY: '1',
      SOLVE_BACKLOG: '0',
    })
    api.queue(cough('c'), men('m'))
    await until(() => resultOf(api, 'm'))
    expect(resultOf(api, 'c')).toBeUndefined()
    const [entry] = await until(async () => {
      const all = await held().list()
      return all.length > 0 ? all : undefined
    })
    const id = entry?.question.id ?? ''
    const list = await command('list')
    expect(list.stdout).toContain(`${id}\twaiting`)
    expect(list.stdout).toContain('How many: people with Cough (254761)')
    expect((await command('release', id, '--by', 'Ada')).stdout).toBe(`question ${id} released\n`)
    expect((await until(() => resultOf(api, 'c'))).queryResult.count).toBe(30)
    expect(await command('refuse', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already released by Ada'),
    })
    expect(bunny.events).toContain('task held')
    expect(
      (await questions())
        .filter(({ taskId }) => taskId === 'c')
        .map(({ event, by }) => [event, by]),
    ).toEqual([
      ['held', undefined],
      ['released', 'Ada'],
      ['answered', 'Ada'],
    ])
  })

  it('is refused with the reason of the operator', async () => {
    await setPolicy({ hold: [{}] })
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, env)
    api.queue(cough('c'))
    const [entry] = await until(async () => {
      const all = await held().list()
      return all.length > 0 ? all : undefined
    })
    await command('refuse', entry?.question.id ?? '', '--by', 'Ada', '--reason', 'ask the board')
    expect(await messageOf(api, 'c')).toBe('This site does not answer this question: ask the board')
  })

  it('is answered with a reason at its deadline, and a later decision applies when it is asked again', async () => {
    await setPolicy({ hold: [{}] })
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, { ...env, BUNNY_AVAILABILITY_TIMEOUT: '2s' })
    api.queue(cough('c1'))
    expect(await messageOf(api, 'c1')).toBe(
      'This question needs the approval of the site, which was not given in time.',
    )
    const [entry] = await held().list()
    const id = entry?.question.id ?? ''
    expect((await command('list')).stdout).toContain(`${id}\ttoo late`)
    expect((await command('release', id)).stdout).toMatch(/applies when it is asked again/)
    api.queue(cough('c2'))
    expect((await until(() => resultOf(api, 'c2'))).status).toBe('ok')
  })

  it('is counted when it is released, so that held questions do not exceed a limit together', async () => {
    await setPolicy({ hold: [{}], limits: { perOwner: { perDay: 1 } } })
    await using api = await ScriptedTaskApi.start()
    await using _ = await runBunny(api, source, env)
    api.queue(cough('c'), men('m'))
    const both = await until(async () => {
      const all = await held().list()
      return all.length === 2 ? all : undefined
    })
    for (const { question } of both) await command('release', question.id)
    await until(() => resultOf(api, 'c') && resultOf(api, 'm'))
    expect(api.results.map(({ status }) => status).toSorted()).toEqual(['error', 'ok'])
    expect(api.results.find(({ status }) => status === 'error')?.message).toMatch(
      /1 questions per owner and day: the limit is reached/,
    )
  })

  it('is still held after a restart', async () => {
    await setPolicy({ hold: [{}] })
    await using api = await ScriptedTaskApi.start()
    {
      await using bunny = await runBunny(api, source, env)
      api.queue(cough('c'))
      await until(() => bunny.events.includes('task held'))
    }
    expect(api.posts).toEqual([])
    const [entry] = await held().list()
    await command('release', entry?.question.id ?? '')
    await using _ = await runBunny(api, source, env)
    api.queue(cough('c'))
    expect((await until(() => resultOf(api, 'c'))).status).toBe('ok')
  })
})

describe('bunny daemon --dry-run', () => {
  it('shows what would leave, and sends, records and counts nothing', async () => {
    await using api = await ScriptedTaskApi.start()
    const shown: EncodedResult[] = []
    await using bunny = await runBunny(api, source, env, (result) => shown.push(result))
    api.queue(men('m'))
    await until(() => shown.length === 1)
    expect(shown[0]?.queryResult.count).toBe(30)
    expect(bunny.events).toContain('result not sent')
    expect(api.posts).toEqual([])
    await expect(readFile(join(auditFolder(), 'audit.jsonl'))).rejects.toThrow(/ENOENT/)
  })
})
