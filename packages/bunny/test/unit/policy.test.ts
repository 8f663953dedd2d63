import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decide, type Circumstances } from '../../src/policy/decide.ts'
import { describePolicy } from '../../src/policy/describe-policy.ts'
import { parsePolicy } from '../../src/policy/parse-policy.ts'
import { PolicyFile, PolicyFileError, type PolicyChange } from '../../src/policy/policy-file.ts'
import { localTime, quietHoursAt } from '../../src/policy/quiet-hours.ts'
import { SimilarQuestions } from '../../src/policy/similar-questions.ts'
import { sitePolicySchema, type SitePolicy } from '../../src/policy/site-policy.ts'
import { Usage } from '../../src/policy/usage.ts'
import { criterionHashes, readQuestion } from '../../src/question/question.ts'
import { recordingLog } from '../support/log-lines.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-policy-'))
})
afterEach(() => rm(folder, { recursive: true }))

const OMOP = { specimen: false, location: false }
const question = (body: unknown) => readQuestion(body, OMOP)
const policy = (more: object = {}): SitePolicy => sitePolicySchema.parse({ version: 1, ...more })
const NONE = { today: 0, total: 0 }
const circumstances = (more: Partial<Circumstances> = {}): Circumstances => ({
  now: Date.parse('2026-10-01T12:00:00Z'),
  usage: { owner: NONE, all: NONE },
  similar: 0,
  denied: new Set(),
  ...more,
})
const men = question(availability([person('8507')]))
const generic = question(distribution('GENERIC'))

describe('parsePolicy', () => {
  it('reads YAML and JSON', () => {
    const yaml = `
version: 1
zone: Europe/London
allow: [availability, generic]   # kinds, in any case
deny:
  concepts: [4013662]
quietHours:
  - { days: [sat, sun], from: "00:00", to: "24:00" }
limits:
  perOwner: { perDay: 50 }
`
    const parsed = parsePolicy(yaml)
    expect(parsed).toMatchObject({
      ok: true,
      policy: {
        allow: ['AVAILABILITY', 'GENERIC'],
        deny: { concepts: [4013662], descendants: true },
        limits: { perOwner: { perDay: 50 }, all: {} },
      },
    })
    if (!parsed.ok) throw new Error('valid')
    const json = parsePolicy(JSON.stringify({ version: 1, allow: ['GENERIC'] }, null, 2))
    expect(json).toMatchObject({ ok: true, policy: { allow: ['GENERIC'] } })
    expect(describePolicy(parsed.policy)).toEqual([
      'Answers tasks of these kinds only: AVAILABILITY, GENERIC.',
      'Refuses questions about 1 concept and their descendants, and leaves them out of distributions.',
      'Refuses questions from 00:00 to 24:00 on sat, sun (Europe/London).',
      'At most 50 questions per owner and day.',
      'After 20 questions of an owner in 24 hours that differ in one rule: warn.',
    ])
  })

  it.each([
    ['version: 1\nalow: [GENERIC]', 2, 1, /unknown member "alow": did you mean allow\?/],
    ['version: 1\nlimits:\n  perOwner:\n    perDya: 5', 4, 5, /did you mean perDay\?/],
    ['version: 1\nquietHours:\n  - from: "25:00"\n    to: "06:00"', 3, 11, /expected a time/],
    ['version: 1\nzone: Mars/Phobos', 2, 7, /not a time zone/],
    ['version: 2', 1, 10, /version/],
    ['version: 1\ndeny:\n  concepts: [hypertension]', 3, 14, /deny\.concepts\[0\]/],
    ['version: 1\nallow: [GENERIC', 2, 16, /./],
    ['version: 1\nversion: 1', 2, 1, /unique/],
    ['', 1, 1, /expected object/],
    ['- 1', 1, 1, /expected object/],
  ])('names line and column of what is wrong in %j', (text, line, column, message) => {
    const parsed = parsePolicy(text)
    if (parsed.ok) throw new Error('the policy is not valid')
    expect(parsed.problems[0]).toMatchObject({ line, column })
    expect(parsed.problems[0]?.message).toMatch(message)
  })

  it('rejects a file that expands into a large one', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg'].map((pair) => pair.split(''))) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`)
    }
    expect(parsePolicy(bomb.join('\n')).ok).toBe(false)
  })
})

describe('PolicyFile', () => {
  const open = async (text: string) => {
    const path = join(folder, 'policy.yaml')
    await writeFile(path, text)
    const changes: PolicyChange[] = []
    const { log, lines } = recordingLog()
    const file = await PolicyFile.open({
      path,
      log,
      onChange: (change) => {
        changes.push(change)
        return Promise.resolve()
      },
    })
    return { path, file, changes, lines }
  }

  it('is read again when it changes, and keeps the earlier policy if the new one is not valid', async () => {
    const { path, file, changes, lines } = await open('version: 1\nallow: [GENERIC]')
    await writeFile(path, 'version: 1\nallow: [DEMOGRAPHICS]')
    expect((await file.current()).policy.allow).toEqual(['DEMOGRAPHICS'])
    await writeFile(path, 'version: 1\nalow: []')
    expect((await file.current()).policy.allow).toEqual(['DEMOGRAPHICS'])
    expect((await file.current()).policy.allow).toEqual(['DEMOGRAPHICS'])
    await rm(path)
    expect((await file.current()).policy.allow).toEqual(['DEMOGRAPHICS'])
    expect(changes.map(({ kind }) => kind)).toEqual(['changed', 'invalid', 'invalid'])
    expect(lines.map(({ msg }) => msg)).toEqual([
      'policy changed',
      'policy invalid',
      'policy invalid',
    ])
    expect(lines[1]?.['reason']).toMatch(/policy\.yaml:2:1: unknown member "alow"/)
  })

  it('does not open with a policy that is not valid', async () => {
    await expect(open('version: 1\nallow: GENERIC')).rejects.toThrow(PolicyFileError)
  })
})

describe('decide', () => {
  it('answers every question under the open policy', () => {
    for (const one of [men, generic]) {
      expect(decide(one, policy(), circumstances())).toEqual({ kind: 'answer' })
    }
  })

  it.each([
    ['a kind that is not allowed', generic, { allow: ['availability'] }, {}, /of the kind GENERIC/],
    [
      'a denied concept',
      men,
      { deny: { concepts: [8507] } },
      { denied: new Set([8507]) },
      /about concept 8507/,
    ],
    [
      'a denied concept in an exclusion',
      question(availability([rule('4242', { oper: '!=' })])),
      { deny: { concepts: [4242] } },
      { denied: new Set([4242]) },
      /about concept 4242/,
    ],
    [
      'codes that include denied concepts',
      question(distribution('ICD-MAIN')),
      { deny: { concepts: [1] } },
      {},
      /ICD-MAIN/,
    ],
    ['too few rules', men, { minimumRules: 2 }, {}, /2 or more rules only: this one has 1/],
    [
      'quiet hours',
      men,
      { zone: 'UTC', quietHours: [{ from: '11:00', to: '13:00' }] },
      {},
      /from 11:00 to 13:00 \(UTC\)/,
    ],
    [
      'the daily limit of an owner',
      men,
      { limits: { perOwner: { perDay: 5 } } },
      { usage: { owner: { today: 5, total: 5 }, all: NONE } },
      /5 questions per owner and day/,
    ],
    [
      'the limit of an owner',
      men,
      { limits: { perOwner: { total: 5 } } },
      { usage: { owner: { today: 0, total: 5 }, all: NONE } },
      /5 questions per owner:/,
    ],
    [
      'the daily limit',
      men,
      { limits: { all: { perDay: 5 } } },
      { usage: { owner: NONE, all: { today: 5, total: 9 } } },
      /5 questions per day/,
    ],
    [
      'the limit in all',
      men,
      { limits: { all: { total: 5 } } },
      { usage: { owner: NONE, all: { today: 0, total: 5 } } },
      /5 questions in all/,
    ],
    [
      'many similar questions',
      men,
      { similarQuestions: { limit: 3, action: 'refuse' } },
      { similar: 3 },
      /differ in one rule/,
    ],
  ] as const)('refuses %s', (_what, asked, rules, more, reason) => {
    const verdict = decide(asked, policy(rules), circumstances(more))
    expect(verdict.kind).toBe('refuse')
    expect('reason' in verdict ? verdict.reason : '').toMatch(reason)
  })

  it.each([
    ['every question', men, [{}], true],
    ['a kind', generic, [{ kinds: ['generic'] }], true],
    ['another kind', men, [{ kinds: ['generic'] }], false],
    ['an owner', men, [{ owners: ['user1'] }], true],
    ['another owner', men, [{ owners: ['user2'] }], false],
    ['a concept', men, [{ concepts: [8507] }], true],
    ['another concept', men, [{ concepts: [1] }], false],
    ['a distribution that includes the concept', generic, [{ concepts: [1] }], true],
    ['one of two rules', men, [{ owners: ['user2'] }, { kinds: ['availability'] }], true],
    ['all members of a rule', men, [{ owners: ['user1'], kinds: ['generic'] }], false],
  ] as const)('holds %s', (_what, asked, hold, isHeld) => {
    expect(decide(asked, policy({ hold }), circumstances()).kind).toBe(isHeld ? 'hold' : 'answer')
  })

  it('notices, holds or ignores many similar questions', () => {
    const verdict = (action: string) =>
      decide(men, policy({ similarQuestions: { limit: 3, action } }), circumstances({ similar: 3 }))
    expect(verdict('warn')).toMatchObject({ kind: 'answer', warning: expect.stringMatching(/^3 /) })
    expect(verdict('hold')).toMatchObject({ kind: 'hold' })
    expect(verdict('off')).toEqual({ kind: 'answer' })
  })
})

describe('quietHoursAt', () => {
  const night = sitePolicySchema.parse({
    version: 1,
    quietHours: [{ days: ['fri'], from: '22:00', to: '06:00' }],
  }).quietHours
  it.each([
    ['2026-10-02T21:59:00Z', false],
    ['2026-10-02T22:00:00Z', true],
    ['2026-10-03T05:59:00Z', true],
    ['2026-10-03T06:00:00Z', false],
    ['2026-10-02T05:00:00Z', false],
    ['2026-10-03T22:30:00Z', false],
  ])('counts a night from the day on which it begins: %s', (time, isQuiet) => {
    expect(quietHoursAt(localTime(Date.parse(time), 'UTC'), night) !== undefined).toBe(isQuiet)
  })

  it('reads the clock of the zone, in summer and in winter', () => {
    expect(localTime(Date.parse('2026-07-01T23:30:00Z'), 'Europe/London')).toEqual({
      date: '2026-07-02',
      day: 'thu',
      minutes: 30,
    })
    expect(localTime(Date.parse('2026-12-01T23:30:00Z'), 'Europe/London').minutes).toBe(1410)
  })
})

describe('Usage', () => {
  const path = (): string => join(folder, 'usage.json')

  it('counts each task once, per owner and in all, and survives a restart', async () => {
    const usage = await Usage.open(path())
    for (const key of ['a', 'b', 'a']) await usage.count(key, 'user1', '2026-10-01')
    await usage.count('c', '__proto__', '2026-10-01')
    for (const one of [usage, await Usage.open(path())]) {
      expect(one.read('user1', '2026-10-01')).toEqual({
        owner: { today: 2, total: 2 },
        all: { today: 3, total: 3 },
      })
      expect(one.read('__proto__', '2026-10-01').owner).toEqual({ today: 1, total: 1 })
      expect(one.has('a')).toBe(true)
    }
  })

  it('begins a new day at 0, and keeps the total', async () => {
    const usage = await Usage.open(path())
    await usage.count('a', 'user1', '2026-10-01')
    expect(usage.read('user1', '2026-10-02').owner).toEqual({ today: 0, total: 1 })
    await usage.count('b', 'user1', '2026-10-02')
    expect(usage.read('user1', '2026-10-02').owner).toEqual({ today: 1, total: 2 })
  })

  it('does not begin at 0 if its file is damaged', async () => {
    await writeFile(path(), '{"format":1')
    await expect(Usage.open(path())).rejects.toThrow()
    expect(await readFile(path(), 'utf8')).toBe('{"format":1')
  })

  it('gives owners beyond its limit one common count', async () => {
    const usage = await Usage.open(undefined)
    for (let index = 0; index < 10_005; index += 1) {
      await usage.count(`k${index}`, `owner${index}`, '2026-10-01')
    }
    expect(usage.read('owner10004', '2026-10-01').owner.today).toBe(5)
    expect(usage.read('never seen', '2026-10-01').owner.today).toBe(5)
  })
})

describe('SimilarQuestions', () => {
  const ask = async (
    asked: SimilarQuestions,
    rules: Parameters<typeof availability>[0],
    owner = 'user1',
    now = 0,
  ) => {
    const one = question(availability(rules))
    const given = { owner, sha256: one.sha256, criteria: criterionHashes(one), now }
    const near = asked.count(given)
    await asked.add(given)
    return near
  }

  it('counts questions of an owner that differ in one rule: added, removed, negated or changed', async () => {
    const asked = await SimilarQuestions.open(undefined)
    expect(await ask(asked, [rule('1'), rule('2'), rule('3')])).toBe(0)
    expect(await ask(asked, [rule('1'), rule('2')])).toBe(1)
    expect(await ask(asked, [rule('1'), rule('2'), rule('3', { oper: '!=' })])).toBe(2)
    expect(await ask(asked, [rule('1'), rule('2'), rule('4')])).toBe(3)
    expect(await ask(asked, [rule('7'), rule('8'), rule('9')])).toBe(0)
  })

  it('does not count the same question again, another owner, or a question of yesterday', async () => {
    const asked = await SimilarQuestions.open(undefined)
    await ask(asked, [rule('1'), rule('2')])
    expect(await ask(asked, [rule('1'), rule('2')])).toBe(0)
    expect(await ask(asked, [rule('1')], 'user2')).toBe(0)
    expect(await ask(asked, [rule('2')], 'user1', 25 * 3_600_000)).toBe(0)
  })

  it('remembers over a restart what was asked, and removes what is older than a day', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-similar-'))
    try {
      const path = join(folder, 'similar.json')
      const day = 24 * 3_600_000
      await ask(await SimilarQuestions.open(path), [rule('1'), rule('2')])
      expect(await ask(await SimilarQuestions.open(path), [rule('1')])).toBe(1)
      await ask(await SimilarQuestions.open(path), [rule('7'), rule('8')], 'user1', day + 1)
      const { asked } = JSON.parse(await readFile(path, 'utf8')) as { asked: unknown[] }
      expect(asked).toHaveLength(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
