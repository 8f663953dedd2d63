/**
 * Which form of a cohort does PostgreSQL run fastest, and is there a question for which that form is
 * too slow to use? Compares the compiled statement with three other forms.
 *
 *   npx node packages/cohort/bench/compare-statements.ts [postgres://user@host/empty_database [persons]]
 *
 * Without a database, it uses one of its own with 20,000 people.
 * The database must be empty. The program fills it (about 50 s and 3 GB for a million people) and does
 * not clear it: drop it afterwards. Prints milliseconds, the better of two runs. A statement is stopped
 * after 60 s. `jit` is off, as it should be for the connections of a bunny: compiling a statement of
 * this many small parts takes seconds and saves none.
 */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { createDatabase, reportMeasurement, startServices } from '@warren/testkit'
import { Client, DatabaseError } from 'pg'
import { type Cohort, type EventCriterion, compileCohort } from '../src/index.ts'
import { benchCdmSql } from './bench-cdm.ts'
import { OTHER_SHAPES } from './statement-shapes.ts'

const MAN: Cohort = { kind: 'demographic', concept: 8507 }
const [frequent, rare, condition, drug, procedure] = [1, 100, 2001, 3001, 4001].map(event)

const QUESTIONS: { readonly [name: string]: Cohort } = {
  'rare event': any(rare),
  'frequent event': any(frequent),
  'man and event': all(MAN, condition),
  'man or event': any(MAN, condition),
  'man and not event': all(MAN, not(condition)),
  'event or not event': any(frequent, not(condition)),
  nested: all(any(rare, not(frequent)), any(drug, procedure), MAN),
  'five events': all(frequent, condition, drug, procedure, not(event(1001))),
}

function event(concept: number): EventCriterion {
  const constraints = { value: null, ageAtEvent: null, elapsed: null, provenance: [] }
  return { kind: 'event', concept, ...constraints }
}

function all(...members: (Cohort | undefined)[]): Cohort {
  return { kind: 'all', members: members.filter((member) => member !== undefined) }
}

function any(...members: (Cohort | undefined)[]): Cohort {
  return { kind: 'any', members: members.filter((member) => member !== undefined) }
}

function not(member: Cohort | undefined): Cohort {
  return { kind: 'not', member: member ?? MAN }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function timed(client: Client, text: string, values: readonly unknown[]): Promise<string> {
  let best = Number.POSITIVE_INFINITY
  let persons = ''
  for (let run = 0; run < 2; run += 1) {
    const start = performance.now()
    try {
      const { rows } = await client.query<{ persons: string }>(text, [...values])
      persons = rows[0]?.persons ?? ''
    } catch (error: unknown) {
      if (error instanceof DatabaseError && error.code === '57014') return '> 60000 ms'
      throw error
    }
    best = Math.min(best, performance.now() - start)
  }
  return `${best.toFixed(0)} (${persons})`
}

async function main(url: string, persons: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of benchCdmSql(persons)) await client.query(statement)
    await client.query('set jit = off')
    await client.query("set statement_timeout = '60s'")
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
    print(`${cpus().length} x ${cpus()[0]?.model ?? '?'}, commit ${commit.trim()}`)
    const { rows } = await client.query<{ version: string }>('select version()')
    print(`${persons} persons, ${rows[0]?.version ?? ''}`)
    for (const [name, cohort] of Object.entries(QUESTIONS)) {
      const settings = { now: new Date(), options: { specimen: true, location: false } }
      const { text, values } = compileCohort(cohort, { dialect: 'postgres', ...settings })
      const results = [`compiled ${await timed(client, text, values)}`]
      for (const [shape, write] of Object.entries(OTHER_SHAPES)) {
        results.push(`${shape} ${await timed(client, write(cohort), [])}`)
      }
      print(`${name}: ${results.join(' | ')}`)
      const ms = Number.parseFloat(results[0]?.replace(/^compiled (?:> )?/, '') ?? '')
      reportMeasurement({
        what: `${name}, ${persons} people: compiled statement`,
        value: ms,
        unit: 'ms',
      })
    }
  } finally {
    await client.end()
  }
}

const [url, persons] = process.argv.slice(2)
if (url === undefined) {
  await using _ = await startServices()
  await using database = await createDatabase()
  await main(database.url, 20_000)
} else {
  await main(url, Number(persons ?? '1000000'))
}
