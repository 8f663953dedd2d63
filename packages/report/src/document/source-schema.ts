import { z } from 'zod'
import {
  confidenceSchema,
  count,
  evidenceSchema,
  instant,
  numberRowSchema,
  roleSchema,
} from './schema-parts.ts'

/** What was taken out of one file; a file that holds several pods (stern, Loki) gives one source per pod. */
export const sourceSchema = z.strictObject({
  id: z.string().describe('S1, S2, …'),
  file: z.string().describe('file, or files of which one continues another, named as in evidence'),
  component: z.string().nullable().describe('id of the component that wrote it'),
  role: roleSchema.describe('of the component that wrote it, or that a label says wrote it'),
  wrapper: z
    .string()
    .describe(
      'what stood around each line: `none`, `kubectl`, `stern`, `cri`, `docker`, `loki`, …',
    ),
  format: z.string().describe('what the lines were taken for, such as `.NET relay text`'),
  compressed: z.boolean().describe('it was gzip'),
  lines: count.describe('physical lines'),
  events: count.describe('lines that begin an event of a known format'),
  continuations: count.describe('lines that belong to the event before them'),
  unreadable: count.describe('lines that are no event of a known format and belong to none'),
  shortened: count.describe('gigantic lines of which only the beginning was looked at'),
  outside: count.describe('events outside of --since/--until'),
  first: instant.nullable().describe('time of its first event'),
  last: instant.nullable().describe('time of its last event'),
  placement: z
    .strictObject({
      method: z
        .enum(['stated', 'wrapper', 'option', 'matched', 'assumed', 'none'])
        .describe('where date and zone come from'),
      offsetMinutes: z
        .int()
        .nullable()
        .describe('zone of the written time, minutes east of UTC; null if unknown'),
      certainty: confidenceSchema.describe('how sure the placement is'),
      text: z.string().describe('one sentence: what was assumed and why'),
    })
    .describe('how the times of this source were put on the common time line'),
  gaps: z
    .array(
      z.strictObject({
        from: instant.describe('last event before the gap'),
        to: instant.describe('first event after it'),
      }),
    )
    .max(20)
    .describe('stretches in which this source, against its own rhythm, says nothing'),
  samples: z.array(evidenceSchema).max(5).describe('samples of what could not be read'),
  notes: z.array(z.string()).describe('what else is to be known of it, a sentence each'),
})
export type Source = z.infer<typeof sourceSchema>

export const componentSchema = z.strictObject({
  id: z.string().describe('stable within the document'),
  role: roleSchema.describe('what part of the network it is'),
  name: z.string().describe('client name, pod, or host: what people call it'),
  cluster: z.string().nullable().describe('from the wrapper, the folder or a label'),
  namespace: z.string().nullable().describe('from the wrapper or a label'),
  pod: z.string().nullable().describe('pod, else host name, where a line says it'),
  program: z.string().nullable().describe('such as `Python bunny`, `Warren relay`, `RabbitMQ`'),
  version: z.string().nullable().describe('of the program, where a line says it'),
  seenIn: z
    .enum(['own-log', 'other-logs', 'expectation'])
    .describe('by its own log, only by what others write, or only listed'),
  first: instant.nullable().describe('first sign of it'),
  last: instant.nullable().describe('last sign of it'),
  starts: count.describe('start lines seen in the window'),
  activity: z.string().describe('what it was seen doing, one sentence'),
  numbers: z.array(numberRowSchema).describe('what can be counted of it'),
  sources: z.array(z.string()).describe('ids of its own sources'),
})
export type Component = z.infer<typeof componentSchema>
