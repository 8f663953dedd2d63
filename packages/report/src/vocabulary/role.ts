import { z } from 'zod'

export const roleSchema = z.enum([
  'client',
  'relay',
  'database',
  'broker',
  'load-balancer',
  'upstream',
  'cdm',
  'unknown',
])
export type Role = z.infer<typeof roleSchema>
