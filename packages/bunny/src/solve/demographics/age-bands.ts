/** Bands of five years, the last of which is open: 0-4, 5-9, … 85-89, 90+. */
export const BAND_YEARS = 5
export const AGE_BANDS = 19

/** The name of a band in ALTERNATIVES. */
export function bandName(band: number): string {
  const from = band * BAND_YEARS
  return band === AGE_BANDS - 1
    ? `${String(from)}+`
    : `${String(from)}-${String(from + BAND_YEARS - 1)}`
}

export interface AgeStatistics {
  readonly min: number | null
  readonly q1: number | null
  readonly median: number | null
  readonly mean: number | null
  readonly q3: number | null
  readonly max: number | null
}

/**
 * Statistics of the ages, computed from the figures of the bands as they are published. They say nothing that a reader
 * could not compute from the same file, so they need no further protection. Within a band, ages are taken to be evenly
 * spread. MAX is unknown if anyone is in the open band.
 */
export function statisticsOfBands(figures: ReadonlyMap<number, number>): AgeStatistics {
  const shown = [...figures].filter(([, people]) => people > 0).toSorted(([a], [b]) => a - b)
  const [first] = shown
  const last = shown.at(-1)
  if (first === undefined || last === undefined) {
    return { min: null, q1: null, median: null, mean: null, q3: null, max: null }
  }
  const people = shown.reduce((sum, [, count]) => sum + count, 0)
  const ageAt = (share: number): number => {
    let before = 0
    for (const [band, count] of shown) {
      if (before + count >= share * people) {
        return Math.floor((band + (share * people - before) / count) * BAND_YEARS)
      }
      before += count
    }
    return last[0] * BAND_YEARS
  }
  const years = shown.reduce((sum, [band, count]) => sum + (band + 0.5) * BAND_YEARS * count, 0)
  return {
    min: first[0] * BAND_YEARS,
    q1: ageAt(0.25),
    median: ageAt(0.5),
    mean: Math.round(years / people),
    q3: ageAt(0.75),
    max: last[0] === AGE_BANDS - 1 ? null : (last[0] + 1) * BAND_YEARS - 1,
  }
}
