/** One event as a program writes it: when, by its own clock (UTC milliseconds), and its physical lines. */
export interface LogLine {
  at: number
  lines: string[]
}

export function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `HH:MM:SS` of a clock in a zone, minutes east of UTC. */
export function timeOfDay(at: number, zoneMinutes: number): string {
  return new Date(at + zoneMinutes * 60_000).toISOString().slice(11, 19)
}
