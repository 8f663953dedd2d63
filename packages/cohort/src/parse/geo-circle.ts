import type { LocationCriterion } from '../tree/cohort.ts'
import { parseNumber } from './number-text.ts'
import { quoted } from './problem-list.ts'
import { type Parsed, invalid } from './range.ts'

/** Reads `LATITUDE|LONGITUDE|RADIUS`, with the radius in metres. */
export function parseGeoCircle(text: string): Parsed<LocationCriterion> {
  const parts = text.split('|')
  const [latitude, longitude, radius] = parts.map(parseNumber)
  if (
    parts.length !== 3 ||
    latitude === undefined ||
    longitude === undefined ||
    radius === undefined
  ) {
    return invalid(
      `${quoted(text)} is not a circle: write LATITUDE|LONGITUDE|RADIUS, with the radius in metres`,
    )
  }
  if (Math.abs(latitude) > 90) return invalid(`latitude ${latitude} is not between -90 and 90`)
  if (Math.abs(longitude) > 180)
    return invalid(`longitude ${longitude} is not between -180 and 180`)
  if (radius < 0) return invalid(`radius ${radius} is negative: write 0 or more metres`)
  return { ok: true, value: { kind: 'location', latitude, longitude, radius } }
}
