import { z } from 'zod'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const conceptId = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const count = z.number().int().min(0).max(1_000_000_000)
/** `AVAILABILITY`, or the code of a distribution. */
const kind = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .transform((text) => text.toUpperCase())

const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time from "00:00" to "24:00", in quotes')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

const zone = z.string().superRefine((name, context) => {
  try {
    Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    context.addIssue(`${JSON.stringify(name)} is not a time zone such as Europe/London`)
  }
})

const quietHours = z.strictObject({
  /** Days on which the period begins. Default: every day. */
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .default([...DAYS]),
  from: clockTime,
  /** Before `from`: the period ends on the next day. */
  to: clockTime,
})

const limits = z.strictObject({ perDay: count.optional(), total: count.optional() })

const similar = z.strictObject({
  /** How many similar questions of one owner within a day are not noticed. */
  limit: count.default(20),
  action: z.enum(['off', 'warn', 'hold', 'refuse']).default('warn'),
})

const holdRule = z.strictObject({
  /** Each given member must match. A rule without members holds every question. */
  kinds: z.array(kind).min(1).optional(),
  owners: z.array(z.string()).min(1).optional(),
  concepts: z.array(conceptId).min(1).max(10_000).optional(),
})

const MAX_DENIED = 10_000

/** What a site answers, for which owners, when and how often. */
export const sitePolicySchema = z.strictObject({
  version: z.literal(1),
  /** For quiet hours and for the day of limits. Default: the zone of the process. */
  zone: zone.optional(),
  /** Kinds of task that are answered. Default: all that the bunny supports. */
  allow: z.array(kind).optional(),
  deny: z
    .strictObject({
      concepts: z.array(conceptId).min(1).max(MAX_DENIED),
      /** Whether concepts below a denied one in `concept_ancestor` are denied too. */
      descendants: z.boolean().default(true),
    })
    .optional(),
  quietHours: z.array(quietHours).max(100).default([]),
  limits: z
    .strictObject({ perOwner: limits.default({}), all: limits.default({}) })
    .default({ perOwner: {}, all: {} }),
  /** An availability task with fewer rules is refused. */
  minimumRules: z.number().int().min(0).max(1000).default(0),
  similarQuestions: similar.default({ limit: 20, action: 'warn' }),
  hold: z.array(holdRule).max(100).default([]),
})

export type SitePolicy = z.infer<typeof sitePolicySchema>
export type QuietHours = SitePolicy['quietHours'][number]
export type HoldRule = SitePolicy['hold'][number]
export type Day = (typeof DAYS)[number]

/** The policy of a site without a policy file: every question is answered, and many similar ones are noticed. */
export const OPEN_POLICY: SitePolicy = sitePolicySchema.parse({ version: 1 })
