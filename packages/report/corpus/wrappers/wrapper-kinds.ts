import { cri, docker, kubectl, raw, stern, sternJson } from './line-wrappers.ts'
import { lokiArray, lokiCsv, lokiLines } from './loki-exports.ts'
import type { PodLine } from './wrapped.ts'

export interface WrapperKind {
  readonly wrap: (lines: readonly PodLine[]) => string
  /** File name extension. */
  readonly extension: string
  /** Adds date and time zone to each line. */
  readonly stamped: boolean
  /** Adds the pod to each line, so that one file may contain several pods. */
  readonly named: boolean
}

export const WRAPPERS = {
  raw: { wrap: raw, extension: 'log', stamped: false, named: false },
  kubectl: { wrap: kubectl, extension: 'log', stamped: true, named: true },
  stern: { wrap: stern, extension: 'log', stamped: false, named: true },
  'stern-json': { wrap: sternJson, extension: 'jsonl', stamped: false, named: true },
  cri: { wrap: cri, extension: 'log', stamped: true, named: false },
  docker: { wrap: docker, extension: 'json.log', stamped: true, named: false },
  'loki-array': { wrap: lokiArray, extension: 'json', stamped: true, named: true },
  'loki-lines': { wrap: lokiLines, extension: 'jsonl', stamped: true, named: true },
  'loki-csv': { wrap: lokiCsv, extension: 'csv', stamped: true, named: true },
} as const satisfies Record<string, WrapperKind>

export type WrapperName = keyof typeof WRAPPERS
