/**
 * Exit codes of every program, after sysexits.h where a supervisor or a script can act on the difference.
 * `unknown` is a check or report that found no evidence: neither healthy nor broken.
 */
export const ExitCode = {
  ok: 0,
  failure: 1,
  unknown: 2,
  usage: 64,
  data: 65,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
