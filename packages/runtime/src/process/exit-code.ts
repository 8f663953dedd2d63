/**
 * Exit codes of every program. The values from 64 are those of sysexits.h, because a supervisor or a script can react to
 * them differently.
 */
export const ExitCode = {
  /** Success. */
  ok: 0,
  /** Failed, or problems found. */
  failure: 1,
  /** Not enough evidence to tell whether something is healthy. */
  unknown: 2,
  /** Invalid usage. */
  usage: 64,
  /** Invalid data. */
  data: 65,
  /** Service unavailable. */
  unavailable: 69,
  /** A defect of the program. */
  internal: 70,
  /** A database cannot be read: not reachable, or without the expected tables. */
  database: 74,
  /** A login is rejected. */
  login: 77,
  /** Invalid configuration. */
  config: 78,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
