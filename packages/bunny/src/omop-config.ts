import type { TableSwitch } from '@warren/cdm'
import type { CohortOptions } from '@warren/cohort'
import { booleanSetting, choiceSetting, setting } from '@warren/runtime'
import { z } from 'zod'

function tableSetting(name: string, description: string) {
  return setting({ name, schema: booleanSetting(), default: false, description })
}

/** A setting per table that tasks read only if the site allows it. */
const tableSettings = {
  specimenEnabled: tableSetting(
    'OMOP_SPECIMEN_ENABLED',
    'Allow tasks and distributions to use the table specimen.',
  ),
  locationEnabled: tableSetting(
    'OMOP_LOCATION_ENABLED',
    'Allow tasks that count people who live near a place. Needs latitude and longitude in the table location (CDM 5.4).',
  ),
  visitEnabled: tableSetting(
    'OMOP_VISIT_ENABLED',
    'Allow tasks (varcat Visit) and distributions to use the table visit_occurrence.',
  ),
  deviceEnabled: tableSetting(
    'OMOP_DEVICE_ENABLED',
    'Allow tasks (varcat Device) and distributions to use the table device_exposure.',
  ),
  deathEnabled: tableSetting(
    'OMOP_DEATH_ENABLED',
    'Allow tasks (varcat Death) and distributions to use the causes of death in the table death.',
  ),
} satisfies Record<`${TableSwitch}Enabled`, unknown>

const timeZone = () =>
  z.string().transform((text, context): string => {
    const name = text.trim()
    // Offsets such as +01:00 are valid for JavaScript, but mean the opposite in PostgreSQL.
    if (/^[A-Za-z][\w+/-]*$/.test(name) && isTimeZone(name)) return name
    context.addIssue({
      code: 'custom',
      message: 'expected the IANA name of a time zone, such as Europe/London or UTC',
    })
    return z.NEVER
  })

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

/** How the OMOP data of the site is read. */
export const omopSettings = {
  ...tableSettings,
  dead: setting({
    name: 'OMOP_DEATH',
    schema: choiceSetting(['keep', 'leave-out']),
    default: 'keep',
    description:
      'Whether availability tasks count people who died before the day of the task: keep, as the Python bunny does, or leave-out, which needs the table death.',
  }),
  descendants: setting({
    name: 'OMOP_DESCENDANTS',
    schema: booleanSetting(),
    default: false,
    description:
      'Let a rule on a concept also find its descendants. Needs the table concept_ancestor.',
  }),
  exactAges: setting({
    name: 'OMOP_EXACT_AGES',
    schema: booleanSetting(),
    default: false,
    description:
      'Count birthdays in ages of people whose month and day of birth are known. Otherwise an age is the difference of the years, as in every other program of a network.',
  }),
  timeZone: setting({
    name: 'OMOP_TIME_ZONE',
    schema: timeZone().optional(),
    description:
      'IANA name of the time zone in which a day begins: for "today", and for columns with a time zone (timestamptz). Default: the time zone of the process.',
  }),
}

interface OmopValues extends Readonly<Record<keyof typeof tableSettings, boolean>> {
  readonly dead: string
  readonly descendants: boolean
  readonly exactAges: boolean
  readonly timeZone?: string | undefined
}

/** What tasks may read at this site, and how they are understood. */
export function cohortOptions(config: OmopValues): CohortOptions {
  return {
    specimen: config.specimenEnabled,
    location: config.locationEnabled,
    visit: config.visitEnabled,
    device: config.deviceEnabled,
    death: config.deathEnabled,
    withoutDead: config.dead === 'leave-out',
    descendants: config.descendants,
    exactAges: config.exactAges,
  }
}

/** The time zone in which a day begins. */
export function dayZone({ timeZone }: { readonly timeZone?: string | undefined }): string {
  if (timeZone !== undefined) return timeZone
  const { timeZone: own } = Intl.DateTimeFormat().resolvedOptions()
  return isTimeZone(own) ? own : 'UTC'
}
