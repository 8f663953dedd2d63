import { z } from 'zod'

export const severitySchema = z.enum(['error', 'warning', 'info'])
export type Severity = z.infer<typeof severitySchema>

/**
 * Confidence of a statement. `certain`: a log line or an exact ID proves it. `likely`: several observations agree.
 * `possible`: another explanation would match as well.
 */
export const confidenceSchema = z.enum(['certain', 'likely', 'possible'])
export type Confidence = z.infer<typeof confidenceSchema>

/** Who must act. `operator`: the person who collected the logs. `none`: for expected lines. */
export const partySchema = z.enum(['site', 'hub', 'network', 'upstream', 'operator', 'none'])
export type Party = z.infer<typeof partySchema>

export const findingStatusSchema = z.enum(['ongoing', 'recovered', 'observed', 'expected'])
export type FindingStatus = z.infer<typeof findingStatusSchema>
