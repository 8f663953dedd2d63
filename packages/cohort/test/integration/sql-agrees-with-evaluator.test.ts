import { describePostgres } from '@warren/testkit'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileCohort, evaluateCohort, type SqlDialect } from '../../src/index.ts'
import { CHOSEN_DIALECTS } from '../cdm/chosen-dialects.ts'
import type { CdmDatabase } from '../cdm/cdm-database.ts'
import { DuckDbCdm } from '../cdm/duckdb-cdm.ts'
import { PostgresCdm } from '../cdm/postgres-cdm.ts'
import {
  TODAY,
  randomCohort,
  randomCriterion,
  randomData,
  randomOptions,
} from '../cdm/random-cohort.ts'

const RUNS = Number(process.env['WARREN_FC_RUNS'] ?? 120)
/** A run takes about 50 ms, and many times as long on a busy machine. */
const TIMEOUT_MS = 60_000 + RUNS * 2_000

function testAgainstEvaluator(dialect: SqlDialect, create: () => Promise<CdmDatabase>): void {
  let database: CdmDatabase

  beforeAll(async () => {
    database = await create()
  })

  afterAll(() => database[Symbol.asyncDispose]())

  it(
    'counts exactly the people that the evaluator finds, each once',
    async () => {
      // Single criteria too: inside a tree, a wrong one often does not change the result.
      const cohorts = fc.tuple(randomCriterion, randomCriterion, randomCohort, randomCohort)
      // On a failure, fast-check prints the seed and the path that reproduce it.
      await fc.assert(
        fc.asyncProperty(randomData, cohorts, randomOptions, async (data, cohorts, options) => {
          await database.load(data)
          for (const cohort of cohorts) {
            const statement = compileCohort(cohort, { dialect, now: TODAY, options })
            const persons = evaluateCohort(cohort, data, { now: TODAY, options })
            expect((await database.persons(statement)).sort(byNumber)).toEqual([...persons])
            expect(await database.count(statement)).toBe(persons.size)
          }
        }),
        { numRuns: RUNS },
      )
    },
    TIMEOUT_MS,
  )
}

function byNumber(a: number, b: number): number {
  return a - b
}

describe.runIf(CHOSEN_DIALECTS.includes('duckdb'))('compiled cohorts on DuckDB', () => {
  testAgainstEvaluator('duckdb', () => DuckDbCdm.create('main'))
})

if (CHOSEN_DIALECTS.includes('postgres')) {
  describePostgres('compiled cohorts on PostgreSQL', () => {
    testAgainstEvaluator('postgres', () => PostgresCdm.create('public'))
  })
}
