import { ExitCode, ProgramError, nearestName } from '@warren/runtime'

import { dayNumber, parseDate } from './cdm-date.ts'
import type { RowCount } from './omop-target.ts'
import { openTarget, type TargetLocation } from './open-target.ts'
import { UNITED_KINGDOM } from './synthetic/other-concepts.ts'
import type { Population } from './synthetic/patient.ts'
import { PersonHistory } from './synthetic/person-history.ts'
import { DEFAULT_PROFILE, PROFILES, type HospitalProfile } from './synthetic/profiles.ts'
import { Random, Weighted } from './synthetic/random.ts'
import { SYNTHETIC_TABLES, SyntheticTables, requiredTable } from './synthetic/synthetic-tables.ts'
import { CONCEPTS, VOCABULARY_ID, ancestorEdges } from './synthetic/vocabulary.ts'

export interface GenerateOptions {
  readonly persons: number
  /** A whole number. The same seed and options give the same rows in all engines. */
  readonly seed: number
  readonly to: TargetLocation
  /** The kind of hospital, one of `PROFILE_NAMES`. */
  readonly profile?: string | undefined
  /** The last day of the data, `YYYY-MM-DD`. The default is fixed, so that the data does not depend on the current day. */
  readonly until?: string | undefined
  readonly schema?: string | undefined
  readonly replace?: boolean | undefined
  readonly onProgress?: ((persons: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface GenerateReport {
  readonly target: string
  readonly profile: string
  readonly persons: number
  readonly seed: number
  readonly until: string
  readonly tables: readonly RowCount[]
  readonly durationMs: number
}

export const PROFILE_NAMES: readonly string[] = PROFILES.map(({ name }) => name)
export const DEFAULT_UNTIL = '2026-06-30'

/** Rows in `location` per area of a profile. */
const LOCATIONS_PER_AREA = 12
/** Standard deviation of addresses around the centre of a town, about 2.8 km in latitude. */
const SPREAD_DEGREES = 0.025
/** Key of the random sequence for locations. Keys of people start at 1. */
const LOCATIONS_KEY = -1

/**
 * Fills a CDM with synthetic patients: a skewed distribution of concepts, conditions that depend on age and on each
 * other, matching drugs and measurements, and rare diseases. Throws `ProgramError`.
 */
export async function generateOmop(options: GenerateOptions): Promise<GenerateReport> {
  const started = performance.now()
  const profile = findProfile(options.profile ?? DEFAULT_PROFILE)
  const { persons, seed, until = DEFAULT_UNTIL } = options
  requireWhole(persons, '--persons', 1, 50_000_000)
  requireWhole(seed, '--seed', 0, Number.MAX_SAFE_INTEGER)
  const lastDay = parseDate(until)
  if (lastDay === undefined) {
    throw new ProgramError(`--until "${until}" is not a date`, {
      exitCode: ExitCode.usage,
      hint: 'Use a date like --until 2026-06-30.',
    })
  }

  await using target = await openTarget(options.to, options)
  await target.begin({
    tables: SYNTHETIC_TABLES.map(requiredTable),
    replace: options.replace === true,
  })
  const tables = new SyntheticTables()
  writeVocabulary(tables)
  const population: Population = {
    profile,
    ages: new Weighted(profile.ages),
    races: new Weighted(profile.races),
    locations: writeLocations(tables, profile, seed),
    until: lastDay,
  }
  for (let person = 1; person <= persons; person++) {
    new PersonHistory(tables, new Random(seed, person), population, person).write()
    while (tables.fullBatches.length > 0) {
      const batch = tables.fullBatches.pop()
      if (batch === undefined) break
      await target.append(batch)
      tables.recycle(batch)
    }
    if (person % 500 === 0) {
      options.signal?.throwIfAborted()
      options.onProgress?.(person)
    }
  }
  for (const batch of tables.partialBatches()) await target.append(batch)
  options.signal?.throwIfAborted()
  await target.commit()
  options.onProgress?.(persons)
  return {
    target: target.description,
    profile: profile.name,
    persons,
    seed,
    until,
    tables: SYNTHETIC_TABLES.map((table) => ({ table, rows: tables.rows(table) })),
    durationMs: performance.now() - started,
  }
}

function findProfile(name: string): HospitalProfile {
  const profile = PROFILES.find((one) => one.name === name)
  if (profile !== undefined) return profile
  const near = nearestName(name, PROFILE_NAMES)
  throw new ProgramError(`unknown profile "${name}"`, {
    exitCode: ExitCode.usage,
    hint: near === undefined ? `Use one of: ${PROFILE_NAMES.join(', ')}.` : `Did you mean ${near}?`,
  })
}

function requireWhole(value: number, what: string, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new ProgramError(`${what} must be a whole number from ${min} to ${max}`, {
    exitCode: ExitCode.usage,
  })
}

function writeVocabulary(tables: SyntheticTables): void {
  tables.add('vocabulary', VOCABULARY_ID, 'Made by Warren for trying things', null, 0)
  for (const domain of new Set(CONCEPTS.map((concept) => concept.domain))) {
    tables.add('domain', domain, domain, 0)
  }
  const [validFrom, validTo] = [dayNumber(1970, 1, 1) ?? null, dayNumber(2099, 12, 31) ?? null]
  for (const { id, name, domain, conceptClass, standard } of CONCEPTS) {
    tables.add(
      'concept',
      id,
      name,
      domain,
      VOCABULARY_ID,
      conceptClass,
      standard,
      `W${id}`,
      validFrom,
      validTo,
    )
  }
  for (const { ancestor, descendant, levels } of ancestorEdges()) {
    tables.add('concept_ancestor', ancestor, descendant, levels, levels)
  }
}

/** Returns the locations, weighted: more people live in larger towns, and at the first addresses of a town. */
function writeLocations(
  tables: SyntheticTables,
  profile: HospitalProfile,
  seed: number,
): Weighted<number> {
  const random = new Random(seed, LOCATIONS_KEY)
  const weights: [number, number][] = []
  for (const { town, latitude, longitude, weight } of profile.areas) {
    for (let i = 0; i < LOCATIONS_PER_AREA; i++) {
      // Some addresses have no coordinates, so no distance matches people who live there.
      const mapped = !random.chance(0.08)
      const north = latitude + random.normal(0, SPREAD_DEGREES)
      const east = longitude + random.normal(0, SPREAD_DEGREES * 1.6)
      const location = tables.addNumbered(
        'location',
        town,
        `${town} ${i + 1}`,
        UNITED_KINGDOM,
        'GBR',
        mapped ? Number(north.toFixed(4)) : null,
        mapped ? Number(east.toFixed(4)) : null,
      )
      weights.push([location, weight / (i + 2)])
    }
  }
  return new Weighted(weights)
}
