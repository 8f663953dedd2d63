/**
 * The time at the start of this process plus the time since, whole ms since the epoch. For waiting, comparing and measuring: if the
 * clock of the machine is set later, this one does not jump.
 */
export function steadyTime(): number {
  return Math.round(performance.timeOrigin + performance.now())
}
