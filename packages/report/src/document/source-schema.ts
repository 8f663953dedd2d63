import { z } from 'zod'
import { confidenceSchema } from '../vocabulary/judgement.ts'
import { count, evidenceSchema, instant, numberRowSchema } from './schema-parts.ts'
import { roleSchema } from '../vocabulary/role.ts'

/** The log of one pod. A file with lines of several pods (stern, Loki) contains several sources. */
export const sourceSchema = z.strictObject({
  id: z.string().describe('ID: S1, S2, …'),
  file: z
    .string()
    .describe('file, or several files if one continues another; named as in evidence'),
  component: z.string().nullable().describe('ID of the component that wrote it'),
  role: roleSchema.describe(
    'role of the component that wrote it, according to its lines or a label',
  ),
  wrapper: z
    .string()
    .describe(
      'format that a log collector put around each line: `none`, `kubectl`, `stern`, `cri`, `docker`, `loki`, …',
    ),
  format: z.string().describe('detected format of the lines, for example `.NET relay text`'),
  compressed: z.boolean().describe('true if the file was gzip'),
  lines: count.describe('number of lines'),
  events: count.describe('recognised lines that begin an event'),
  continuations: count.describe('lines that belong to the event before them'),
  unreadable: count.describe('lines that were not recognised'),
  shortened: count.describe('very long lines of which only the beginning was read'),
  outside: count.describe('events outside --since and --until'),
  first: instant.nullable().describe('time of its first event'),
  last: instant.nullable().describe('time of its last event'),
  placement: z
    .strictObject({
      method: z
        .enum(['stated', 'wrapper', 'option', 'matched', 'assumed', 'none'])
        .describe('where the date and the time zone come from'),
      offsetMinutes: z
        .int()
        .nullable()
        .describe('time zone of the log, minutes east of UTC; null if unknown'),
      confidence: confidenceSchema.describe('confidence of the date and the time zone'),
      text: z.string().describe('how the date and the time zone were found, as a sentence'),
    })
    .describe('how the timestamps were converted to UTC'),
  gaps: z
    .array(
      z.strictObject({
        from: instant.describe('last event before the gap'),
        to: instant.describe('first event after the gap'),
      }),
    )
    .max(20)
    .describe('periods in which the source logs nothing although it usually would'),
  samples: z.array(evidenceSchema).max(5).describe('samples of the lines that were not recognised'),
  notes: z.array(z.string()).describe('remarks about the source'),
})
export type Source = z.infer<typeof sourceSchema>

export const componentSchema = z.strictObject({
  id: z.string().describe('ID, unique within the document'),
  role: roleSchema.describe('role in the network'),
  name: z.string().describe('name of the client, pod or host'),
  cluster: z.string().nullable().describe('cluster, from the log collector, the folder or a label'),
  namespace: z.string().nullable().describe('namespace, from the log collector or a label'),
  pod: z.string().nullable().describe('pod, else host name, if a line contains it'),
  program: z
    .string()
    .nullable()
    .describe('program, for example `Python bunny`, `Warren relay`, `RabbitMQ`'),
  version: z.string().nullable().describe('version of the program, if a line contains it'),
  seenIn: z
    .enum(['own-log', 'other-logs', 'expectation'])
    .describe(
      'own-log: its log was read. other-logs: other logs mention it. expectation: only --expect names it',
    ),
  first: instant.nullable().describe('first activity'),
  last: instant.nullable().describe('last activity'),
  starts: count.describe('number of program starts'),
  activity: z.string().describe('what it did, as a sentence'),
  numbers: z.array(numberRowSchema).describe('figures of the component'),
  sources: z.array(z.string()).describe('IDs of its sources'),
})
export type Component = z.infer<typeof componentSchema>
