import { z } from 'zod'

/** Who asked, as far as the task says. Upstreams may send the same owner for every researcher. */
const askerSchema = z.object({
  owner: z.string(),
  project: z.string().optional(),
  requester: z.string().optional(),
  collection: z.string(),
  /** Host of the relay that handed out the task. */
  hub: z.string(),
})

/** What a result contained. Every number has been suppressed and rounded. */
const leftSchema = z.object({
  status: z.string(),
  /** Availability: people. Distribution: rows. */
  count: z.number(),
  message: z.string(),
  files: z.array(
    z.object({
      name: z.string(),
      /** Of the decoded text. */
      sha256: z.string(),
      bytes: z.number(),
      /** Lines after the header. */
      rows: z.number(),
    }),
  ),
})

const questionSchema = z.object({
  kind: z.enum(['availability', 'distribution', 'unknown']),
  /** In plain words. */
  words: z.string(),
  /** SHA-256 of the question without its address: equal for equal questions. */
  sha256: z.string(),
})

const underPolicySchema = z.object({
  threshold: z.number(),
  nearest: z.number(),
  /** SHA-256 of the policy file; absent without one. */
  file: z.string().optional(),
})

/** What happened to a question. */
export const QUESTION_EVENTS = [
  'answered',
  'answered again',
  'refused',
  'not answerable',
  'held',
  'released',
] as const

const questionEventSchema = z.object({
  event: z.enum(QUESTION_EVENTS),
  taskId: z.string(),
  asker: askerSchema,
  question: questionSchema,
  receivedAt: z.string(),
  /** Why a question was refused, held or not answered. */
  reason: z.string().optional(),
  /** The operator that decided on a held question, as they called themselves. */
  by: z.string().optional(),
  /** What the policy noticed, for example many similar questions. */
  warning: z.string().optional(),
  left: leftSchema.optional(),
  policy: underPolicySchema,
  version: z.string(),
})

const processEventSchema = z.object({
  event: z.enum(['started', 'stopped', 'rotated', 'repaired', 'policy changed', 'policy invalid']),
  detail: z.string(),
  version: z.string(),
})

/** One entry of the audit record, before it is numbered and chained. */
const auditEventSchema = z.union([questionEventSchema, processEventSchema])

export const auditEntrySchema = z
  .object({
    /** Counts from 1 and has no gaps, across files. */
    seq: z.number().int().min(1),
    /** ISO 8601, UTC. */
    time: z.string(),
    /** The hash of the entry before this one; `FIRST_PREVIOUS` for the first. */
    previous: z.string(),
    hash: z.string(),
  })
  .and(auditEventSchema)

export type Asker = z.infer<typeof askerSchema>
export type Left = z.infer<typeof leftSchema>
export type AuditedQuestion = z.infer<typeof questionSchema>
export type QuestionEvent = z.infer<typeof questionEventSchema>
export type AuditEvent = z.infer<typeof auditEventSchema>
export type AuditEntry = z.infer<typeof auditEntrySchema>
