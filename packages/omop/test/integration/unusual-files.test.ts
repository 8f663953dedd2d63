import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'

import { DuckDBInstance } from '@duckdb/node-api'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { loadOmop } from '../../src/load-omop.ts'
import type { LoadReport } from '../../src/load-report.ts'

const HEADER = 'person_id,gender_concept_id,year_of_birth,month_of_birth,provider_id'
const ROWS = [HEADER, '1,8507,1974,12,7', '2,8532,1950,,8', '3,8532,1990,1,9']
const TEXT = `${ROWS.join('\n')}\n`

type Contents = Record<string, string | Buffer>

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-omop-unusual-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Loaded {
  readonly report: LoadReport
  readonly rows: (table: string, columns: string) => Promise<unknown[][]>
}

async function loading<T>(
  contents: Contents,
  use: (loaded: Loaded) => Promise<T>,
  options: { nullMarkers?: string[]; skipBadLines?: boolean } = {},
): Promise<T> {
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  const to = await DuckDBInstance.create()
  try {
    const report = await loadOmop({ from: folder, to, ...options })
    const connection = await to.connect()
    const rows = async (table: string, columns: string): Promise<unknown[][]> => {
      const result = await connection.runAndReadAll(`SELECT ${columns} FROM ${table} ORDER BY ALL`)
      return result.getRowsJson()
    }
    try {
      return await use({ report, rows })
    } finally {
      connection.closeSync()
    }
  } finally {
    to.closeSync()
  }
}

const births = (contents: Contents, options?: { nullMarkers?: string[] }): Promise<unknown[][]> =>
  loading(contents, ({ rows }) => rows('person', 'person_id::INT, year_of_birth'), options)

const failureOf = (contents: Contents, options?: { skipBadLines?: boolean }): Promise<unknown> =>
  loading(contents, ({ report }) => Promise.resolve(report), options).catch(
    (error: unknown) => error,
  )

const PEOPLE = [
  [1, 1974],
  [2, 1950],
  [3, 1990],
]

describe('a file with unusual line ends or encoding', () => {
  it.each<[string, string | Buffer]>([
    ['CR', ROWS.join('\r')],
    ['CR after the last line', `${ROWS.join('\r')}\r`],
    ['CR LF', `${ROWS.join('\r\n')}\r\n`],
    ['CR, LF and CR LF', `${ROWS[0]}\r${ROWS[1]}\r\n${ROWS[2]}\n${ROWS[3]}`],
    ['UTF-16 LE with a byte order mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['UTF-16 LE without one', Buffer.from(TEXT, 'utf16le')],
    ['UTF-16 BE with a byte order mark', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16()],
    ['UTF-16 BE without one', Buffer.from(TEXT, 'utf16le').swap16()],
    ['UTF-8 with a byte order mark', `\uFEFF${TEXT}`],
    ['gzip without .gz in its name', gzipSync(TEXT)],
    ['zstd without .zst in its name', zstdCompressSync(TEXT)],
    ['blank lines before the header', `\r\n\n${TEXT}`],
    ['semicolons, as Excel writes them in many countries', TEXT.replaceAll(',', ';')],
    ['vertical bars', TEXT.replaceAll(',', '|')],
  ])('%s', async (_, content) => {
    expect(await births({ 'PERSON.csv': content })).toEqual(PEOPLE)
  })

  it('UTF-16 in gzip', async () => {
    const content = gzipSync(Buffer.from(`\uFEFF${TEXT}`, 'utf16le'))
    expect(await births({ 'PERSON.csv.gz': content })).toEqual(PEOPLE)
    expect(await births({ 'PERSON.csv.gz': zstdCompressSync(TEXT) })).toEqual(PEOPLE)
  })
})

describe('a whole number in scientific notation', () => {
  const withId = (id: string): Contents => ({ 'PERSON.csv': `${HEADER}\n${id},8507,1974,,7\n` })

  it.each([
    ['1e+05', 100_000],
    ['1.2e+07', 12_000_000],
  ])('%s is read, because R writes all digits', async (text, id) => {
    expect(await births(withId(text))).toEqual([[id, 1974]])
  })

  it.each(['1.23457E+12', '1.5e+00', '1e+30'])('%s is refused with the reason', async (text) => {
    expect(await failureOf(withId(text))).toMatchObject({
      problems: [{ column: 'person_id', message: expect.stringContaining('lost digits') }],
    })
  })
})

describe('a marker of missing values', () => {
  const withMarker = (marker: string): Contents => ({
    'PERSON.csv': `"",${HEADER}\n"1",1,8507,1974,${marker},7\n"2",2,8532,1950,${marker},8\n`,
  })

  it.each(['NA', 'NULL', 'None', '#N/A'])('%s is named, with the option to add', async (marker) => {
    expect(await failureOf(withMarker(marker))).toMatchObject({
      exitCode: 65,
      problems: [{ column: 'month_of_birth', message: expect.stringContaining(marker), count: 2 }],
      hint: expect.stringMatching(new RegExp(`--null '?${RegExp.escape(marker)}'?`)),
    })
  })

  it('is read as NULL', async () => {
    const months = await loading(
      { 'PERSON.csv': `${HEADER}\n1,8507,1974,NA,7\n2,8532,1950,NULL,7\n3,8532,1950,6,7\n` },
      ({ rows }) => rows('person', 'person_id::INT, month_of_birth'),
      { nullMarkers: ['NA', 'NULL'] },
    )
    expect(months).toEqual([
      [1, null],
      [2, null],
      [3, 6],
    ])
  })

  it('in a required column is a missing value, and in a name is a name', async () => {
    const contents = {
      'PERSON.csv': `${HEADER}\nNA,8507,1974,1,7\n`,
      'CONCEPT.csv': 'concept_id,concept_name,domain_id\n1,NA,Gender\n',
    }
    const failure = await loading(contents, ({ report }) => Promise.resolve(report), {
      nullMarkers: ['NA'],
    }).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      problems: [{ file: 'PERSON.csv', column: 'person_id', message: 'is empty' }],
    })
  })
})

describe('a value in a column that no task reads', () => {
  const DRUGS = [
    'drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,days_supply,visit_occurrence_id,quantity',
    '1,1,19,2015-01-06,30.5,12345678901234567890,1',
    'a-key,1,19,2015-01-06 23:30:00 UTC,7,1,half',
  ].join('\n')

  it('is loaded as empty and counted, and its row is kept', async () => {
    await loading({ 'PERSON.csv': TEXT, 'DRUG_EXPOSURE.csv': DRUGS }, async ({ report, rows }) => {
      expect(await rows('drug_exposure', 'drug_exposure_start_date::VARCHAR, days_supply')).toEqual(
        [
          ['2015-01-06', 7],
          ['2015-01-06', null],
        ],
      )
      const notes = report.notes.join('\n')
      expect(notes).toContain(
        'DRUG_EXPOSURE.csv: days_supply: 1 value could not be read and loaded as empty',
      )
      for (const column of ['visit_occurrence_id', 'quantity', 'drug_exposure_id']) {
        expect(notes).toContain(column)
      }
      expect(notes).not.toMatch(/12345678901234567890|half|a-key/)
      expect(report.tables.find(({ table }) => table === 'drug_exposure')).toMatchObject({
        rows: 2,
        emptiedValues: 4,
      })
    })
  })
})

describe('an export in parts', () => {
  const part = (...rows: number[]): string =>
    [HEADER, ...rows.map((row) => ROWS[row] ?? '')].join('\n')

  it.each<[string, Contents]>([
    [
      'a folder with the name of the file',
      {
        'PERSON.csv/part-00000-c000.csv': part(1),
        'PERSON.csv/part-00001-c000.csv.gz': gzipSync(part(2, 3)),
        'PERSON.csv/part-00002-c000.csv': '',
        'PERSON.csv/_SUCCESS': '',
        'PERSON.csv/.part-00000-c000.csv.crc': 'crc',
      },
    ],
    [
      'a folder with the name of the table',
      { 'person/a.tsv': part(3, 1), 'person/b.csv': part(2) },
    ],
    [
      'numbered files',
      { 'person_1.csv': part(1), 'PERSON_2.csv': part(2), 'person_10.csv': part(3) },
    ],
    [
      'numbered files of BigQuery',
      { 'person000000000000.csv': part(1, 2), 'person000000000001.csv': part(3) },
    ],
  ])('is %s', async (_, contents) => {
    expect(await births(contents)).toEqual(PEOPLE)
  })

  it('may have different columns in each part', async () => {
    const second = 'year_of_birth,person_id,gender_concept_id\n1950,2,8507\n1990,3,8507'
    expect(await births({ 'person_1.csv': part(1), 'person_2.csv': second })).toEqual(PEOPLE)
  })

  it.each<[string, Contents, string]>([
    [
      'a file and a folder',
      { 'PERSON.csv': TEXT, 'person/a.csv': TEXT },
      'both for the table person',
    ],
    [
      'a file and a part',
      { 'PERSON.csv': TEXT, 'person_2.csv': TEXT },
      'both for the table person',
    ],
    ['the same part twice', { 'person_1.csv': TEXT, 'person-01.tsv': TEXT }, 'both for the table'],
    ['an empty folder', { 'PERSON.csv/_SUCCESS': '' }, 'contains no files'],
    ['a folder of Parquet files', { 'PERSON/part-0.parquet': 'PAR1' }, 'cannot read PERSON/part-0'],
  ])('is rejected if there is %s', async (_, contents, message) => {
    expect(await failureOf(contents)).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining(message),
      hint: expect.any(String),
    })
  })

  it('names the part of a problem', async () => {
    expect(
      await failureOf({ 'PERSON/a.csv': part(1), 'PERSON/b.csv': `${HEADER}\n1,2,x,1,1` }),
    ).toMatchObject({ problems: [{ file: 'PERSON/b.csv', line: 2, column: 'year_of_birth' }] })
  })
})

describe('a file of a table', () => {
  it.each(['dbo.PERSON.csv', 'omop.person.tsv', 'Person.TXT'])('can be named %s', async (name) => {
    expect(await births({ [name]: TEXT })).toEqual(PEOPLE)
  })

  it('is found in the folder below, which the hint names', async () => {
    expect(await failureOf({ "site's export/PERSON.csv": TEXT })).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining("but files in site's export are"),
      hint: expect.stringMatching(/warren omop load '.*site'\\''s export'$/),
    })
  })
})

describe('a file in another format', () => {
  it.each(['PERSON.parquet', 'PERSON.csv.zip', 'person.csv.bz2', 'PERSON.xlsx', 'PERSON.json'])(
    '%s is refused by its name, with advice',
    async (name) => {
      expect(await failureOf({ [name]: 'x', 'CONCEPT.csv': TEXT })).toMatchObject({
        exitCode: 65,
        message: expect.stringContaining(name),
        hint: expect.any(String),
      })
    },
  )

  it.each<[string, Buffer, string]>([
    ['Parquet', Buffer.from('PAR1\u0015\u0004\u0015'), 'Parquet'],
    ['ZIP', Buffer.from('PK\u0003\u0004abc'), 'ZIP'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'bzip2'],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x70, 0, 0, 0]), 'UTF-32'],
    [
      'Windows-1252',
      Buffer.from(`${HEADER}\n1,8507,1980,1,M\u00fcller\n`, 'latin1'),
      'WINDOWS-1252',
    ],
  ])('%s is recognised by its bytes, and is one problem', async (_, content, named) => {
    const failure = await failureOf({ 'PERSON.csv': content })
    expect(failure).toMatchObject({ exitCode: 65 })
    expect(failure).toHaveProperty('problems.length', 1)
    expect(String(failure)).toContain(named)
  })

  it('a name that promises compression is one problem', async () => {
    expect(await failureOf({ 'PERSON.csv.gz': TEXT })).toMatchObject({
      problems: [{ message: expect.stringContaining('not compressed') }],
    })
  })
})

describe('a file without rows', () => {
  it('is noted', async () => {
    const report = await loading({ 'PERSON.csv': HEADER }, (loaded) =>
      Promise.resolve(loaded.report),
    )
    expect(report.notes).toContain('PERSON.csv: has no rows')
  })
})

describe('a socket', () => {
  it('is not waited for', async () => {
    const server = createServer().listen(join(folder, 'PERSON.csv'))
    await once(server, 'listening')
    expect(await failureOf({})).toMatchObject({ exitCode: 65 })
    server.close()
  })
})

describe('any bytes', () => {
  /** Rows that must never be printed. Each value contains the secret. */
  const SECRET = 'zq7patientzq7'
  const line = fc.array(
    fc.constantFrom(SECRET, `${SECRET} x`, '1', '8507', '1980', '', '"', `"${SECRET}"`),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  const separator = fc.constantFrom(',', '\t', ';', '|', ' ', '\u0000')
  const lineEnd = fc.constantFrom(
    '\n',
    '\r',
    '\r\n',
    '\u0085',
    '\u2028',
    '\u000b',
    '\u000c',
    '\u001e',
  )
  const header = fc.constantFrom(
    HEADER,
    `${HEADER},x`,
    'person_id',
    '',
    '"person_id',
    HEADER.toUpperCase(),
  )
  const text = fc
    .tuple(header, fc.array(line, { maxLength: 5 }), separator, lineEnd, fc.boolean())
    .map(([first, lines, comma, end, isSplit]) =>
      [isSplit ? first.replaceAll(',', comma) : first, ...lines.map((one) => one.join(comma))].join(
        end,
      ),
    )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    text.map((content) => Buffer.from(content)),
    text.map((content) => Buffer.from(content, 'utf16le')),
    text.map((content) => Buffer.from(content, 'latin1')),
    text.map((content) => gzipSync(content)),
    fc.tuple(text, fc.nat(60)).map(([content, cut]) => gzipSync(content).subarray(0, cut)),
    fc
      .tuple(text, fc.uint8Array({ maxLength: 20 }))
      .map(([content, array]) => Buffer.concat([Buffer.from(content), Buffer.from(array)])),
  )

  it('print none of their content, do not crash, and load all rows or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.constantFrom('PERSON.csv', 'PERSON.tsv', 'PERSON.csv.gz', 'PERSON/part-0.csv'),
        fc.boolean(),
        async (content, name, skipBadLines) => {
          await rm(folder, { recursive: true, force: true })
          await mkdir(dirname(join(folder, name)), { recursive: true })
          await writeFile(join(folder, name), content)
          const to = await DuckDBInstance.create()
          try {
            const outcome = await loadOmop({ from: folder, to, skipBadLines }).catch(
              (error: unknown) => error,
            )
            const failed = outcome instanceof Error
            if (failed) expect(outcome).toMatchObject({ exitCode: 65 })
            const shown = failed
              ? JSON.stringify([outcome.message, outcome])
              : JSON.stringify(outcome)
            expect(shown).not.toContain('zq7')
            const connection = await to.connect()
            const loaded = await connection
              .runAndReadAll('SELECT count(*)::INT FROM person')
              .then((result) => Number(result.getRows()[0]?.[0]))
              .catch(() => 0)
            connection.closeSync()
            const reported = failed
              ? 0
              : (outcome as LoadReport).tables.reduce((sum, { rows }) => sum + rows, 0)
            expect(loaded).toBe(reported)
          } finally {
            to.closeSync()
          }
        },
      ),
      { numRuns: 150 },
    )
  }, 120_000)
})
